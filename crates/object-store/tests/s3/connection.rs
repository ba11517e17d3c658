//! Connections that are cut, by a proxy between a machine and the S3 interface.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use docent_object_store::connect;
use docent_snapshot::SnapshotError;

use crate::moto::Moto;

/// A proxy that cuts a connection after a number of bytes, once.
struct Proxy {
    address: SocketAddr,
    /// Bytes of the next connections that pass; below 0, all do.
    sent: Arc<AtomicI64>,
    received: Arc<AtomicI64>,
}

impl Proxy {
    fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sent, received) = (Arc::new(AtomicI64::new(-1)), Arc::new(AtomicI64::new(-1)));
        let (up, down) = (Arc::clone(&sent), Arc::clone(&received));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(target).unwrap());
                let (client2, server2) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (up, down) = (Arc::clone(&up), Arc::clone(&down));
                std::thread::spawn(move || pass(client, server, &up));
                std::thread::spawn(move || pass(server2, client2, &down));
            }
        });
        Self { address, sent, received }
    }
}

/// Passes bytes on until a connection ends, or the allowance does: then it cuts both.
fn pass(mut from: TcpStream, mut to: TcpStream, allowance: &AtomicI64) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let before = allowance.load(Ordering::SeqCst);
        if before >= 0 && allowance.fetch_sub(read as i64, Ordering::SeqCst) <= read as i64 {
            break;
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _closed = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

pub fn a_cut_upload_is_sent_again(moto: &Moto) {
    let bucket = moto.bucket();
    let proxy = Proxy::before(moto.address());
    let through = moto.place(proxy.address, &bucket, 4);
    let trainer = through.machine();
    // In the middle of a part of the large file. Later connections pass.
    proxy.sent.store(9 << 20, Ordering::SeqCst);
    let published = trainer.publish(1.0).unwrap();
    assert!(proxy.sent.load(Ordering::SeqCst) < 0, "the connection was cut");
    let server = moto.place(moto.address(), &bucket, 0).machine();
    server.pull().unwrap();
    assert_eq!(server.live(), Some(published.id));
}

pub fn an_upload_that_stays_cut_fails(moto: &Moto) {
    let bucket = moto.bucket();
    let direct = moto.place(moto.address(), &bucket, 0);
    let live = direct.machine().publish_small("live").unwrap();
    let before = direct.keys();
    let proxy = Proxy::before(moto.address());
    let trainer = moto.place(proxy.address, &bucket, 0).machine();
    proxy.sent.store(9 << 20, Ordering::SeqCst);
    let error = trainer.publish(1.0).unwrap_err();
    assert!(matches!(error, SnapshotError::Remote { .. }), "{error:?}");
    assert_eq!(direct.keys(), before, "what was uploaded is deleted");
    let server = direct.machine();
    server.pull().unwrap();
    assert_eq!(server.live(), Some(live.id));
}

pub fn a_cut_download_goes_on(moto: &Moto) {
    let bucket = moto.bucket();
    let direct = moto.place(moto.address(), &bucket, 0);
    let published = direct.machine().publish(1.0).unwrap();
    let proxy = Proxy::before(moto.address());
    let server = moto.place(proxy.address, &bucket, 0).machine();
    let whole = server.snapshots.manifest(&published.id).unwrap().size_bytes();
    // In the middle of the second of three ranges.
    proxy.received.store(12 << 20, Ordering::SeqCst);
    let error = server.pull().unwrap_err();
    assert!(matches!(error, SnapshotError::Remote { .. }), "{error:?}");
    let read = server.remote.take_range_bytes();
    assert!(read >= 8 << 20, "{read}");
    server.pull().unwrap();
    assert_eq!(server.live(), Some(published.id));
    assert_eq!(read + server.remote.take_range_bytes(), whole, "what was read is not read again");
}

pub fn a_closed_port_is_said(moto: &Moto) {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = moto.place(closed, "models", 1).machine();
    let error = server.pull().unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with("s3://models/shop/eu/CURRENT: the store failed or cannot be reached"), "{said}");
}

pub fn wrong_places_are_refused(moto: &Moto) {
    let server = moto.place(moto.address(), "no-such-bucket", 0).machine();
    let error = server.pull().and_then(|()| server.publish_small("first").map(drop)).unwrap_err();
    assert!(error.to_string().contains("NoSuchBucket"), "{error}");
    for (url, expected) in [("models", "s3://BUCKET"), ("s3://", "s3://BUCKET"), ("s3://b/a//b", "set up")] {
        let error = connect(url).unwrap_err().to_string();
        assert!(error.contains(expected), "{url}: {error}");
    }
}
