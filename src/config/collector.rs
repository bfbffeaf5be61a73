//! The section `[traces]`: where it is told how long each step of a stay took.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::OtherForm;

/// Where traces go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Traces {
    /// An OpenTelemetry collector; none for nowhere.
    pub url: CollectorUrl,
    /// Of a hundred stays, so many are told of.
    pub sample_percent: u32,
}

impl Default for Traces {
    fn default() -> Self {
        Self {
            url: CollectorUrl::default(),
            sample_percent: 10,
        }
    }
}

/// Where a collector takes traces by OTLP over HTTP: `http://127.0.0.1:4318/v1/traces`, or empty for none.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CollectorUrl(String);

impl CollectorUrl {
    /// The URL, if there is one.
    pub fn get(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }
}

impl FromStr for CollectorUrl {
    type Err = OtherForm;

    fn from_str(text: &str) -> Result<Self, OtherForm> {
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let has_host = |rest: &str| !rest.is_empty() && !rest.starts_with('/');
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || (rest.is_some_and(has_host) && is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(OtherForm)
        }
    }
}

impl TryFrom<String> for CollectorUrl {
    type Error = OtherForm;

    fn try_from(text: String) -> Result<Self, OtherForm> {
        text.parse()
    }
}

impl From<CollectorUrl> for String {
    fn from(url: CollectorUrl) -> Self {
        url.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_somewhere_or_nowhere() {
        for good in [
            "http://127.0.0.1:4318/v1/traces",
            "https://otel.example.org/",
        ] {
            assert_eq!(good.parse::<CollectorUrl>().unwrap().get(), Some(good));
        }
        assert_eq!("".parse::<CollectorUrl>().unwrap().get(), None);
        for bad in [
            "127.0.0.1:4318",
            "http://",
            "http:///v1",
            "grpc://a",
            "http://a b",
        ] {
            assert_eq!(bad.parse::<CollectorUrl>(), Err(OtherForm), "{bad:?}");
        }
    }
}
