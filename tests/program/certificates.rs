//! TLS on the HTTP side: a certificate made at the start, or one from files.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned,
};

use crate::command_line::Scratch;
use crate::started::{Answer, Started, visavis};

#[test]
fn a_certificate_made_at_the_start_serves_https() {
    let server = Started::with(&["--self-signed"]);
    assert!(
        server.welcome.contains("https://localhost:"),
        "{}",
        server.welcome
    );
    let anything = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything(provider())))
        .with_no_client_auth();
    assert_eq!(get_health(&server, anything).unwrap().status, 200);
}

#[test]
fn a_certificate_from_files_is_the_one_that_is_shown() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let chain = Scratch::new("chain.pem", &made.cert.pem());
    let key = Scratch::new("key.pem", &made.signing_key.serialize_pem());
    let server = Started::with(&["--tls-cert", chain.path(), "--tls-key", key.path()]);
    assert!(
        server.welcome.contains("https://localhost:"),
        "{}",
        server.welcome
    );
    assert_eq!(
        get_health(&server, trusting(made.cert.der()))
            .unwrap()
            .status,
        200
    );

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    get_health(&server, trusting(other.cert.der())).expect_err("it is not the other's");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let chain = Scratch::new("chain_of_one.pem", &made.cert.pem());
    let key = Scratch::new("key_of_other.pem", &other.signing_key.serialize_pem());
    let mut command: Command = visavis(&["--tls-cert", chain.path(), "--tls-key", key.path()]);
    let (code, _, complaint) = crate::started::said(&mut command);
    assert_eq!(code, 2);
    assert!(
        complaint.contains("must be the private key of the certificate"),
        "{complaint}"
    );
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn trusting(certificate: &CertificateDer<'static>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn get_health(server: &Started, config: ClientConfig) -> std::io::Result<Answer> {
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(client, server.connect());
    let http: SocketAddr = server.http;
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {http}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    Ok(Answer::read(stream))
}

/// Takes any certificate, as a visitor does who clicks the warning away.
#[derive(Debug)]
struct Anything(Arc<CryptoProvider>);

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
