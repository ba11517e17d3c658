//! TLS: a real client, slow handshakes, and certificates that are replaced.

use std::{path::Path, sync::Arc};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
        crypto::ring,
        pki_types::ServerName,
        version::{TLS12, TLS13},
    },
};

use crate::{
    harness::{Server, command, until},
    wire::Wire,
};

const GET: &str = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
const EVERY_VERSION: &[&SupportedProtocolVersion] = &[&TLS12, &TLS13];

type Pair = CertifiedKey<KeyPair>;

fn pair() -> Pair {
    generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap()
}

fn variables(folder: &Path) -> [(&'static str, String); 2] {
    [("DOCENT_TLS__CERTIFICATE_FILE", "cert.pem"), ("DOCENT_TLS__KEY_FILE", "key.pem")]
        .map(|(name, file)| (name, folder.join(file).display().to_string()))
}

/// Starts a server that presents a certificate, and returns its address.
async fn start(pair: &Pair) -> (Server, String) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    write(&folder, "cert.pem", &pair.cert.pem());
    write(&folder, "key.pem", &pair.signing_key.serialize_pem());
    let variables = variables(folder.path());
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let server = Server::spawn(folder, &variables, &[]);
    until("the server listens", async || server.logged("listening").is_some()).await;
    let address = server.logged("listening").unwrap()["address"].as_str().unwrap().to_owned();
    let address = address.strip_prefix("https://").unwrap().to_owned();
    (server, address)
}

fn write(folder: &TempDir, name: &str, text: &str) {
    std::fs::write(folder.path().join(name), text).unwrap();
}

/// Connects as a client that trusts one certificate alone.
async fn connect(
    address: &str,
    trusted: &Pair,
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<Wire<TlsStream<TcpStream>>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.cert.der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    Ok(Wire::over(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}

#[tokio::test]
async fn requests_are_served_by_tls_1_2_and_1_3_and_not_in_the_clear() {
    let pair = pair();
    let (server, address) = start(&pair).await;
    for (offered, expected) in [
        (EVERY_VERSION, ProtocolVersion::TLSv1_3),
        (&[&TLS12], ProtocolVersion::TLSv1_2),
        (&[&TLS13], ProtocolVersion::TLSv1_3),
    ] {
        let mut wire = connect(&address, &pair, offered).await.unwrap();
        let session = wire.stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(expected));
        assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
        for _ in 0..3 {
            wire.send(GET).await;
            assert_eq!(wire.answer().await.unwrap().status, 200);
        }
    }
    let mut plain = Wire::open_at(&address).await;
    plain.send(GET).await;
    assert!(plain.answer().await.is_none(), "an answer in the clear");
    let mut wire = connect(&address, &pair, EVERY_VERSION).await.unwrap();
    wire.send(&GET.replace("readyz", "metrics")).await;
    let metrics = String::from_utf8(wire.answer().await.unwrap().body).unwrap();
    let refused = r#"docent_http_connections_refused_total{reason="handshake"} 1"#;
    assert!(metrics.lines().any(|line| line == refused), "{metrics}");
    assert!(!server.log_text().contains("\"ERROR\""), "{}", server.log_text());
}

#[tokio::test]
async fn slow_handshakes_and_slow_heads_inside_tls_are_closed() {
    let pair = pair();
    let (server, address) = start(&pair).await;
    let silent = async {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
    };
    let dribbling = async {
        let (mut reading, mut writing) = TcpStream::connect(&address).await.unwrap().into_split();
        let sending = tokio::spawn(async move {
            // The head of a ClientHello of 16 KiB, and then one byte now and then.
            let mut sent = writing.write_all(&[22, 3, 1, 63, 255, 1, 0, 63, 251]).await;
            while sent.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                sent = writing.write_all(&[0]).await;
            }
        });
        let _ended = reading.read_to_end(&mut Vec::new()).await;
        sending.abort();
    };
    let slow_head = async {
        let mut wire = connect(&address, &pair, EVERY_VERSION).await.unwrap();
        wire.send("GET /livez HTTP/1.1\r\nX: ").await;
        assert_eq!(wire.answer().await.map(|answer| answer.status), Some(408));
    };
    tokio::join!(silent, dribbling, slow_head);
    assert!(!server.log_text().contains("\"ERROR\""), "{}", server.log_text());
}

#[tokio::test]
async fn a_certificate_is_replaced_without_a_restart_once_its_key_fits() {
    let (first, second) = (pair(), pair());
    let (server, address) = start(&first).await;
    let mut before = connect(&address, &first, EVERY_VERSION).await.unwrap();
    let folder = server.folder();

    write(&folder, "cert.pem", &second.cert.pem());
    let kept = "the TLS certificate is not replaced; the former one stays";
    until("the pair is refused", async || server.logged(kept).is_some()).await;
    let error = server.logged(kept).unwrap()["error"].as_str().unwrap().to_owned();
    assert!(error.contains("key.pem is not the key of the certificate in"), "{error}");
    assert!(connect(&address, &first, EVERY_VERSION).await.is_ok());

    write(&folder, "key.pem", &second.signing_key.serialize_pem());
    until("it is replaced", async || server.logged("the TLS certificate is replaced").is_some()).await;
    assert!(connect(&address, &first, EVERY_VERSION).await.is_err());
    let mut after = connect(&address, &second, EVERY_VERSION).await.unwrap();
    for wire in [&mut before, &mut after] {
        wire.send(GET).await;
        assert_eq!(wire.answer().await.unwrap().status, 200);
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_at_the_start_with_its_file_named() {
    let (first, second) = (pair(), pair());
    let (cert, key) = (first.cert.pem(), first.signing_key.serialize_pem());
    let cut = &cert[..cert.len() - 30];
    let mismatch = second.signing_key.serialize_pem();
    for (cert, key, expected) in [
        (None, Some(&*key), "tls.certificate_file: "),
        (Some(&*cert), None, "tls.key_file: "),
        (Some(&*key), Some(&*key), "cert.pem: expected certificates as PEM, found none"),
        (Some(cut), Some(&*key), "cert.pem: expected certificates as PEM, found a damaged section"),
        (Some(&*cert), Some("hunter2"), "key.pem: expected a private key as PEM, found none"),
        (Some(&*cert), Some(&*mismatch), "key.pem is not the key of the certificate in"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("cert.pem", cert), ("key.pem", key)] {
            if let Some(text) = text {
                write(&folder, name, text);
            }
        }
        let mut serve = command();
        serve.envs(variables(folder.path())).args(["serve", "--bind", "127.0.0.1:0"]);
        serve.env("DOCENT_DATABASE_URL", crate::harness::database_url(folder.path()));
        let output = serve.output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{log}");
        assert!(log.contains(expected) && !log.contains("hunter2"), "{expected}: {log}");
    }
}
