//! Hears every packet that arrives on a connection, resent ones too, below the `webrtc` crate's
//! own track handling (which keeps resent packets to itself).

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc::UnboundedSender;
use webrtc::interceptor::stream_info::StreamInfo;
use webrtc::interceptor::{
    Attributes, Error, Interceptor, InterceptorBuilder, RTCPReader, RTCPWriter, RTPReader,
    RTPWriter,
};
use webrtc::rtp::packet::Packet;

type Result<T> = std::result::Result<T, Error>;

/// Builds the [`Ear`] of one connection.
pub(crate) struct Ears(pub(crate) UnboundedSender<Packet>);

impl InterceptorBuilder for Ears {
    fn build(&self, _id: &str) -> Result<Arc<dyn Interceptor + Send + Sync>> {
        Ok(Arc::new(Ear(self.0.clone())))
    }
}

struct Ear(UnboundedSender<Packet>);

#[async_trait]
impl Interceptor for Ear {
    async fn bind_rtcp_reader(
        &self,
        reader: Arc<dyn RTCPReader + Send + Sync>,
    ) -> Arc<dyn RTCPReader + Send + Sync> {
        reader
    }

    async fn bind_rtcp_writer(
        &self,
        writer: Arc<dyn RTCPWriter + Send + Sync>,
    ) -> Arc<dyn RTCPWriter + Send + Sync> {
        writer
    }

    async fn bind_local_stream(
        &self,
        _info: &StreamInfo,
        writer: Arc<dyn RTPWriter + Send + Sync>,
    ) -> Arc<dyn RTPWriter + Send + Sync> {
        writer
    }

    async fn unbind_local_stream(&self, _info: &StreamInfo) {}

    async fn bind_remote_stream(
        &self,
        _info: &StreamInfo,
        reader: Arc<dyn RTPReader + Send + Sync>,
    ) -> Arc<dyn RTPReader + Send + Sync> {
        Arc::new(Listening {
            reader,
            heard: self.0.clone(),
        })
    }

    async fn unbind_remote_stream(&self, _info: &StreamInfo) {}

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

struct Listening {
    reader: Arc<dyn RTPReader + Send + Sync>,
    heard: UnboundedSender<Packet>,
}

#[async_trait]
impl RTPReader for Listening {
    async fn read(&self, buf: &mut [u8], attributes: &Attributes) -> Result<(Packet, Attributes)> {
        let (packet, attributes) = self.reader.read(buf, attributes).await?;
        // A test that has ended listens no longer.
        let _ = self.heard.send(packet.clone());
        Ok((packet, attributes))
    }
}
