//! A real broker, which tests may kill.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use krafka::Kafka;
use rcgen::generate_simple_self_signed;
use tempfile::TempDir;

/// Names the folder with the jars of a broker; `.ci/kafka` fills one.
const VARIABLE: &str = "DOCENT_TEST_KAFKA";
const MAX_START: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

/// Broker that is also the controller. It is removed with this value.
pub struct Broker {
    folder: TempDir,
    jars: PathBuf,
    process: Child,
    /// Port without TLS and passwords.
    plain: u16,
    /// Port with TLS and passwords.
    secure: u16,
}

impl Broker {
    /// Returns the folder of the jars, if there is one, and Java.
    pub fn jars() -> Option<PathBuf> {
        let folder = PathBuf::from(std::env::var_os(VARIABLE)?);
        let mut java = Command::new("java");
        java.arg("-version").stdout(Stdio::null()).stderr(Stdio::null());
        (folder.is_dir() && java.status().is_ok_and(|status| status.success())).then_some(folder)
    }

    /// Starts a broker.
    pub async fn start() -> Result<Self> {
        let jars =
            Self::jars().with_context(|| format!("{VARIABLE}: expected a folder of jars, and Java"))?;
        let folder = tempfile::tempdir()?;
        let [plain, secure, controller] = free_ports()?;
        write_identity(folder.path())?;
        fs::write(
            folder.path().join("server.properties"),
            properties(folder.path(), plain, secure, controller),
        )?;
        let mut format = java(&jars, folder.path());
        format.args(["kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAA", "-c"]);
        let formatted = format.arg(folder.path().join("server.properties")).output()?;
        ensure!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stdout));
        let process = spawn(&jars, folder.path())?;
        let mut broker = Self { folder, jars, process, plain, secure };
        broker.answers().await?;
        Ok(broker)
    }

    /// Returns the address without TLS and passwords.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.plain)
    }

    /// Returns the address with TLS, for the user `docent` with the password `s3cret`.
    pub fn secure_address(&self) -> String {
        format!("localhost:{}", self.secure)
    }

    /// Returns the file with the certificate of the secure address.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Connects to the broker.
    pub async fn connect(&self) -> Result<Kafka> {
        Ok(Kafka::builder(self.address()).connect().await?)
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Starts it again after a kill.
    pub async fn restart(&mut self) -> Result<()> {
        self.process = spawn(&self.jars, self.folder.path())?;
        self.answers().await
    }

    async fn answers(&mut self) -> Result<()> {
        let deadline = Instant::now() + MAX_START;
        while let Err(error) = self.connect().await {
            if self.process.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("no broker: {error}: {}", fs::read_to_string(self.folder.path().join("log"))?);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn spawn(jars: &Path, folder: &Path) -> Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("log"))?;
    let mut broker = java(jars, folder);
    broker.arg("kafka.Kafka").arg(folder.join("server.properties"));
    broker.stdout(log.try_clone()?).stderr(log).spawn().context("java")
}

fn java(jars: &Path, folder: &Path) -> Command {
    let mut java = Command::new("java");
    java.args(["-Xmx384m", "-XX:+UseSerialGC", "-cp"]).arg(jars.join("*"));
    // In a process group of its own, so that Ctrl-C ends the tests first.
    java.current_dir(folder).stdin(Stdio::null()).process_group(0);
    java
}

fn free_ports() -> Result<[u16; 3]> {
    let bound = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(bound) {
        *port = listener?.local_addr()?.port();
    }
    Ok(ports)
}

/// Writes a certificate of `localhost`, once for the broker and once for clients.
fn write_identity(folder: &Path) -> Result<()> {
    let pair = generate_simple_self_signed(vec!["localhost".to_owned()])?;
    fs::write(folder.join("ca.pem"), pair.cert.pem())?;
    let both = format!("{}{}", pair.signing_key.serialize_pem(), pair.cert.pem());
    Ok(fs::write(folder.join("identity.pem"), both)?)
}

/// Returns the settings of a broker alone, whose groups notice soon that a member is dead.
fn properties(folder: &Path, plain: u16, secure: u16, controller: u16) -> String {
    let folder = folder.display();
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
listeners=PLAIN://127.0.0.1:{plain},SECURE://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAIN://127.0.0.1:{plain},SECURE://localhost:{secure}
listener.security.protocol.map=PLAIN:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT
listener.name.secure.sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_docent=\"s3cret\";
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={folder}/identity.pem
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=2000
group.consumer.min.heartbeat.interval.ms=200
group.consumer.heartbeat.interval.ms=500
"
    )
}
