//! Who may speak to whom over the network: certificates of one private authority, for servers and for
//! worker machines, and what TLS is told of them.
//!
//! A certificate says which of the two its holder is, and neither passes for the other: a worker
//! machine that was taken over cannot pose as a server.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::VerifierBuilderError;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// The name in every server's certificate: who it is says the authority, not an address.
pub const SERVER_NAME: &str = "server.visavis.internal";
const WORKER_NAME: &str = "worker.visavis.internal";

/// What the two agree on before a first word.
const PROTOCOL_NAME: &[u8] = b"visavis-worker/1";

/// The files of one side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// Its certificate, PEM.
    pub certificate: PathBuf,
    /// The certificate's private key, PEM.
    pub key: PathBuf,
    /// The authority that the other side's certificate has to come from, PEM.
    pub authority: PathBuf,
}

/// Why there are no credentials.
#[derive(thiserror::Error, Debug)]
pub enum CredentialsError {
    /// A file cannot be read, or is not what it should be.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// There is no certificate in a file.
    #[error("{} holds no certificate", .0.display())]
    Empty(PathBuf),
    /// The key is not the certificate's, or either is of a kind that cannot be used.
    #[error("a certificate and key that go together")]
    Pair(#[from] rustls::Error),
    /// The authority's certificate cannot be used.
    #[error("the authority's certificate")]
    Authority(#[from] VerifierBuilderError),
    /// One cannot be made.
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
    /// A file cannot be written, or is there already.
    #[error("{}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Credentials {
    /// What a server tells TLS: it speaks to worker machines of its authority and to nobody else.
    ///
    /// # Errors
    /// A file is missing or wrong.
    pub fn of_server(&self) -> Result<ServerConfig, CredentialsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = Arc::new(self.roots()?);
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider)).build()?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(self.chain()?, self.private_key()?)?;
        config.alpn_protocols = vec![PROTOCOL_NAME.to_vec()];
        Ok(config)
    }

    /// What a worker machine tells TLS: it speaks to servers of its authority.
    ///
    /// # Errors
    /// A file is missing or wrong.
    pub fn of_worker(&self) -> Result<ClientConfig, CredentialsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(self.roots()?)
            .with_client_auth_cert(self.chain()?, self.private_key()?)?;
        config.alpn_protocols = vec![PROTOCOL_NAME.to_vec()];
        Ok(config)
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, CredentialsError> {
        certificates(&self.certificate)
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, CredentialsError> {
        PrivateKeyDer::from_pem_file(&self.key).map_err(|source| unread(&self.key, source))
    }

    fn roots(&self) -> Result<RootCertStore, CredentialsError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.authority)? {
            roots.add(certificate)?;
        }
        Ok(roots)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CredentialsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let chain: Vec<_> = read.map_err(|source| unread(path, source))?;
    match chain.is_empty() {
        true => Err(CredentialsError::Empty(path.to_owned())),
        false => Ok(chain),
    }
}

fn unread(path: &Path, source: pem::Error) -> CredentialsError {
    let path = path.to_owned();
    CredentialsError::File { path, source }
}

/// Makes an authority, and a certificate of it for servers and one for worker machines, each with its
/// key, as files in a folder. Gives their paths. None of them is written where one is there already.
///
/// # Errors
/// The folder cannot be written, or holds one of the files.
pub fn make(folder: &Path) -> Result<Vec<PathBuf>, CredentialsError> {
    let authority_key = KeyPair::generate()?;
    let mut params = named("visavis worker authority", Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = params.self_signed(&authority_key)?;
    let issuer = Issuer::new(params, &authority_key);
    let mut files = vec![
        ("authority.pem", authority.pem()),
        ("authority-key.pem", authority_key.serialize_pem()),
    ];
    let roles = [
        (
            SERVER_NAME,
            ExtendedKeyUsagePurpose::ServerAuth,
            ["server.pem", "server-key.pem"],
        ),
        (
            WORKER_NAME,
            ExtendedKeyUsagePurpose::ClientAuth,
            ["worker.pem", "worker-key.pem"],
        ),
    ];
    for (name, purpose, [certificate_file, key_file]) in roles {
        let key = KeyPair::generate()?;
        let mut params = named(name, vec![name.to_owned()])?;
        params.extended_key_usages = vec![purpose];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        files.push((certificate_file, params.signed_by(&key, &issuer)?.pem()));
        files.push((key_file, key.serialize_pem()));
    }
    write_new(folder, &files)
}

fn named(name: &str, names: Vec<String>) -> Result<CertificateParams, CredentialsError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn write_new(folder: &Path, files: &[(&str, String)]) -> Result<Vec<PathBuf>, CredentialsError> {
    let failed = |path: &Path, source| CredentialsError::Write {
        path: path.to_owned(),
        source,
    };
    fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    let paths: Vec<_> = files.iter().map(|(name, _)| folder.join(name)).collect();
    if let Some(path) = paths.iter().find(|path| path.exists()) {
        return Err(failed(path, io::ErrorKind::AlreadyExists.into()));
    }
    for (path, (_, text)) in paths.iter().zip(files) {
        let mut options = OpenOptions::new();
        let written = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|source| failed(path, source))?;
    }
    Ok(paths)
}
