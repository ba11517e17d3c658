use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use docent_object_store::ObjectStore;
use object_store::{ObjectStore as Objects, RetryConfig, aws::AmazonS3Builder};

use crate::place::Place;

/// A server with the interface of S3, shared by all tests of this process.
pub struct Moto {
    address: SocketAddr,
    server: Mutex<Child>,
    buckets: AtomicUsize,
}

static SHARED: OnceLock<Moto> = OnceLock::new();

impl Moto {
    pub fn is_installed() -> bool {
        let mut help = Command::new("moto_server");
        help.arg("--help").stdout(Stdio::null()).stderr(Stdio::null());
        help.status().is_ok_and(|status| status.success())
    }

    pub fn shared() -> &'static Self {
        SHARED.get_or_init(Self::start)
    }

    /// Ends the server, if a test has started it.
    pub fn stop() {
        if let Some(moto) = SHARED.get() {
            let mut server = moto.server.lock().unwrap();
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut server = Command::new("moto_server")
            .args(["-H", "127.0.0.1", "-p", &port.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Its log says when it listens.
        let mut log = BufReader::new(server.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("Running on") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "moto_server ended before it listened");
        }
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { address: port, server: Mutex::new(server), buckets: AtomicUsize::new(0) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Creates a bucket of its own for a test.
    pub fn bucket(&self) -> String {
        let name = format!("models-{}", self.buckets.fetch_add(1, Ordering::Relaxed));
        let mut connection = TcpStream::connect(self.address).unwrap();
        write!(
            connection,
            "PUT /{name} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        name
    }

    /// Returns a place in a bucket at an address, which may be that of a proxy.
    pub fn place(&self, address: SocketAddr, bucket: &str, max_retries: usize) -> Place {
        // It chooses the provider of TLS.
        docent_object_store::connect("s3://models").unwrap();
        let store = AmazonS3Builder::new()
            .with_endpoint(format!("http://{address}"))
            .with_allow_http(true)
            .with_bucket_name(bucket)
            .with_access_key_id("test")
            .with_secret_access_key("test")
            .with_region("eu-west-1")
            .with_retry(RetryConfig { max_retries, ..RetryConfig::default() })
            .build();
        let store: Arc<dyn Objects> = Arc::new(store.unwrap());
        let location = "s3://models/shop/eu";
        Place::of(move || ObjectStore::new(Arc::clone(&store), "shop/eu".into(), location).unwrap())
    }
}
