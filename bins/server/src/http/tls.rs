//! TLS: the certificate of the server, replaced while it serves.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, anyhow, bail};
use arc_swap::ArcSwap;
use docent::config::TlsConfig;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        Error, InconsistentKeys, ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
        version::{TLS12, TLS13},
    },
};

/// Certificate and key that the server presents, and the files that they come from.
#[derive(Debug)]
struct Certificate {
    current: ArcSwap<CertifiedKey>,
    files: TlsConfig,
    provider: Arc<CryptoProvider>,
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

/// TLS of a server. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
}

impl Tls {
    /// Reads the certificate and its key. Accepts TLS 1.2 and 1.3, and HTTP/1.1 inside.
    ///
    /// # Errors
    /// Returns an error that names the file that cannot be read or used, or says that the key is
    /// not that of the certificate.
    pub fn open(files: &TlsConfig) -> anyhow::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let current = ArcSwap::from_pointee(read_pair(files, &provider)?);
        let certificate =
            Arc::new(Certificate { current, files: files.clone(), provider: Arc::clone(&provider) });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Certificate>::clone(&certificate));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }

    /// Returns what accepts connections.
    pub fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// Reads the files again at every interval, and presents what they have to later connections.
    /// While they cannot be used, the certificate before them stays.
    pub fn keep_current(&self, interval: Duration) -> JoinHandle<()> {
        let certificate = Arc::clone(&self.certificate);
        tokio::spawn(async move {
            let mut reported = None;
            loop {
                tokio::time::sleep(interval).await;
                let reloading = Arc::clone(&certificate);
                let reloaded = spawn_blocking(move || reloading.reload()).await;
                let problem = reloaded.map_err(anyhow::Error::from).flatten().err();
                let problem = problem.map(|error| format!("{error:#}"));
                if problem != reported {
                    if let Some(error) = &problem {
                        tracing::warn!(error, "the TLS certificate is not replaced; the former one stays");
                    }
                    reported = problem;
                }
            }
        })
    }
}

impl Certificate {
    /// Presents what is in the files now, if it is another certificate.
    fn reload(&self) -> anyhow::Result<()> {
        let read = read_pair(&self.files, &self.provider)?;
        // A key is bound to its certificate, so an equal one needs no comparison of keys.
        if read.cert != self.current.load().cert {
            self.current.store(Arc::new(read));
            let file = self.files.certificate_file.display();
            tracing::info!(%file, "the TLS certificate is replaced");
        }
        Ok(())
    }
}

fn read_pair(files: &TlsConfig, provider: &CryptoProvider) -> anyhow::Result<CertifiedKey> {
    let TlsConfig { certificate_file, key_file } = files;
    let text = read("tls.certificate_file", certificate_file)?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| not_pem(&error, "certificates", certificate_file))?;
    if chain.is_empty() {
        bail!("{}: expected certificates as PEM, found none", certificate_file.display());
    }
    let key = PrivateKeyDer::from_pem_slice(&read("tls.key_file", key_file)?)
        .map_err(|error| not_pem(&error, "a private key", key_file))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => anyhow!(
            "{} is not the key of the certificate in {}",
            key_file.display(),
            certificate_file.display()
        ),
        error => anyhow!("{} and {} cannot be used: {error}", certificate_file.display(), key_file.display()),
    })
}

fn read(name: &str, file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("{name}: {} cannot be read", file.display()))
}

/// Describes a file that is no PEM. Nothing of its content is shown, since it may be a key.
fn not_pem(error: &pem::Error, expected: &str, file: &Path) -> anyhow::Error {
    let found = if matches!(error, pem::Error::NoItemsFound) { "none" } else { "a damaged section" };
    anyhow!("{}: expected {expected} as PEM, found {found}", file.display())
}
