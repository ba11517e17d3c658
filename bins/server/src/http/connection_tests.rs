use std::error::Error;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{PrivatePkcs8KeyDer, ServerName},
    },
};

use super::*;

const SHORT: Duration = Duration::from_millis(50);
/// So long that a test that waits for it hangs.
const LONG: Duration = Duration::from_secs(86_400);
const PATIENT: Patience =
    Patience { head: LONG, head_when_crowded: LONG, sending: LONG, handshake: LONG, check: SHORT };

async fn connected(max: usize, patience: Patience) -> io::Result<(Connection, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let peer = TcpStream::connect(listener.local_addr()?).await?;
    let crowd = Arc::new(Crowd { open: AtomicUsize::new(0), max });
    let stream = listener.accept().await?.0;
    Ok((Connection::open_with(stream, None, crowd, patience).await?, peer))
}

#[tokio::test]
async fn connections_send_at_once() -> io::Result<()> {
    let (connection, _peer) = connected(100, PATIENT).await?;
    let Stream::Plain(stream) = &connection.stream else { return Err(io::ErrorKind::Other.into()) };
    assert!(stream.nodelay()?);
    Ok(())
}

#[tokio::test]
async fn a_silent_peer_is_given_up_and_sooner_in_a_crowd() -> io::Result<()> {
    for (max, patience) in
        [(100, Patience { head: SHORT, ..PATIENT }), (1, Patience { head_when_crowded: SHORT, ..PATIENT })]
    {
        let (mut connection, _peer) = connected(max, patience).await?;
        let error = connection.read(&mut [0; 16]).await.err();
        assert_eq!(error.map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
    }
    Ok(())
}

#[tokio::test]
async fn nothing_is_given_up_while_a_request_is_handled_and_the_time_counts_from_its_end() -> io::Result<()> {
    let (mut connection, _peer) = connected(100, Patience { head: SHORT, ..PATIENT }).await?;
    let activity = connection.activity();
    activity.requests.set(1);
    let mut busy = Some(Busy(Some(Rc::clone(&activity))));
    let mut buffer = [0; 16];
    let mut reading = pin!(connection.read(&mut buffer));
    for _ in 0..5 {
        assert!(tokio::time::timeout(SHORT, &mut reading).await.is_err(), "a request is being handled");
    }
    let end = Instant::now();
    drop(busy.take());
    let error = reading.await.err();
    assert_eq!(error.map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
    assert!(activity.idle_since.get() >= end);
    Ok(())
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_given_up() -> io::Result<()> {
    let (mut connection, _peer) = connected(100, Patience { sending: SHORT, ..PATIENT }).await?;
    connection.activity.requests.set(1);
    let error = connection.write_all(&vec![0; 64 << 20]).await.err();
    assert_eq!(error.map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
    Ok(())
}

/// Both ends of a connection by TLS.
async fn connected_by_tls(patience: Patience) -> Result<(Connection, TlsStream<TcpStream>), Box<dyn Error>> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let provider = Arc::new(ring::default_provider());
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into();
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)?;
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone())?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let peer = TcpStream::connect(listener.local_addr()?).await?;
    let crowd = Arc::new(Crowd { open: AtomicUsize::new(0), max: 100 });
    let (connector, acceptor) = (TlsConnector::from(Arc::new(client)), TlsAcceptor::from(Arc::new(server)));
    let (stream, _) = listener.accept().await?;
    let (connection, peer) = tokio::join!(
        Connection::open_with(stream, Some(acceptor), crowd, patience),
        connector.connect(ServerName::try_from("localhost")?, peer),
    );
    Ok((connection?, peer?))
}

#[tokio::test]
async fn the_same_limits_hold_by_tls() -> Result<(), Box<dyn Error>> {
    let (mut connection, mut peer) = connected_by_tls(PATIENT).await?;
    peer.write_all(b"GET").await?;
    let mut buffer = [0; 3];
    connection.read_exact(&mut buffer).await?;
    assert_eq!(&buffer, b"GET");

    let (mut connection, _peer) = connected_by_tls(Patience { head: SHORT, ..PATIENT }).await?;
    let error = connection.read(&mut [0; 16]).await.err();
    assert_eq!(error.map(|error| error.kind()), Some(io::ErrorKind::TimedOut));

    let (mut connection, _peer) = connected_by_tls(Patience { sending: SHORT, ..PATIENT }).await?;
    connection.activity.requests.set(1);
    let error = connection.write_all(&vec![0; 64 << 20]).await.err();
    assert_eq!(error.map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
    Ok(())
}

#[tokio::test]
async fn the_last_bytes_that_tls_holds_back_have_a_limit_too() -> Result<(), Box<dyn Error>> {
    let (mut connection, _peer) = connected_by_tls(Patience { sending: SHORT, ..PATIENT }).await?;
    connection.activity.requests.set(1);
    // The system takes more for a while; what it does not take waits inside TLS.
    let error = loop {
        connection.write_all(&[0; 4_096]).await?;
        if let Err(error) = connection.flush().await {
            break error;
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    Ok(())
}

#[tokio::test]
async fn a_handshake_has_a_limit_and_counts_as_a_connection() -> io::Result<()> {
    let patience = Patience { handshake: SHORT, ..PATIENT };
    let crowd = Arc::new(Crowd { open: AtomicUsize::new(0), max: 100 });
    let place = Place::take(Arc::clone(&crowd));
    assert_eq!(crowd.open.load(Ordering::Relaxed), 1);
    place.handshake_over(Instant::now(), patience).await;
    drop(place);
    assert_eq!(crowd.open.load(Ordering::Relaxed), 0);
    Ok(())
}
