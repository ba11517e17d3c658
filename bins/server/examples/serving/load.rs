//! Closed and open loops of requests.

use std::{
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
};

use crate::{
    LoadArgs, process,
    report::{Outcome, Recorder, Report},
    traffic::{Planned, Sender, Traffic},
};

/// Requests that are due and not sent, at most; more would only show that the server is too slow.
const MAX_DUE: usize = 1_000_000;

/// A request that is due at a time.
struct Due {
    at: Instant,
    planned: Planned,
}

/// The time that is measured.
#[derive(Clone, Copy)]
struct Window {
    begin: Instant,
    end: Instant,
    /// Time that a caller waits for an answer.
    timeout: Duration,
}

impl Window {
    fn contains(&self, at: Instant) -> bool {
        self.begin <= at && at < self.end
    }
}

/// Sends the traffic and prints the report.
///
/// # Errors
/// Returns an error for arguments out of range. Failed requests are counted.
pub async fn run(arguments: &LoadArgs) -> anyhow::Result<()> {
    println!("{}", measure(arguments).await?);
    Ok(())
}

/// Sends the traffic and returns the report.
///
/// # Errors
/// Returns an error for arguments out of range. Failed requests are counted.
pub async fn measure(arguments: &LoadArgs) -> anyhow::Result<Report> {
    let client =
        reqwest::Client::builder().pool_max_idle_per_host(arguments.connections).no_proxy().build()?;
    let sender = Sender::new(client, arguments);
    let begin = Instant::now() + seconds("--warm-up", arguments.warm_up)?;
    let window = Window {
        begin,
        end: begin + seconds("--seconds", arguments.seconds)?,
        timeout: seconds("--timeout", arguments.timeout)?,
    };
    let pid = arguments.pid;
    let usage = tokio::spawn(async move {
        tokio::time::sleep_until(window.begin.into()).await;
        let before = [process::cpu_seconds(pid), process::cpu_seconds(Some(std::process::id()))];
        tokio::time::sleep_until(window.end.into()).await;
        let after = [process::cpu_seconds(pid), process::cpu_seconds(Some(std::process::id()))];
        [0, 1].map(|of| Some(after[of]? - before[of]?))
    });
    let recorder = match arguments.rate {
        None => closed_loop(arguments, &sender, window).await?,
        Some(rate) => open_loop(arguments, rate, &sender, window).await?,
    };
    let [server_cpu, own_cpu] = usage.await?;
    Ok(Report {
        load: match arguments.rate {
            None => format!("closed loop, {} connections", arguments.connections),
            Some(rate) => {
                format!("open loop, {rate} requests a second, at most {} at a time", arguments.connections)
            }
        },
        seconds: arguments.seconds,
        recorder,
        server_cpu,
        own_cpu,
        server_memory: pid.and_then(process::memory),
    })
}

fn seconds(name: &str, value: f64) -> anyhow::Result<Duration> {
    Duration::try_from_secs_f64(value).with_context(|| format!("{name} must be at least 0"))
}

/// Lets each connection send its next request as soon as the last one is answered.
async fn closed_loop(arguments: &LoadArgs, sender: &Sender, window: Window) -> anyhow::Result<Recorder> {
    let mut tasks = JoinSet::new();
    for connection in 0..arguments.connections {
        let (sender, mut traffic) = (sender.clone(), Traffic::new(arguments, connection as u64)?);
        tasks.spawn(async move {
            let mut recorder = Recorder::new()?;
            while Instant::now() < window.end {
                let due = Due { at: Instant::now(), planned: traffic.next() };
                send(&sender, &due, window, &mut recorder).await;
            }
            anyhow::Ok(recorder)
        });
    }
    merged(tasks).await
}

/// Sends requests when they are due. Latency counts from that time, so a slow answer also counts
/// for the requests that wait behind it: nothing is omitted because the server was busy.
async fn open_loop(
    arguments: &LoadArgs,
    rate: f64,
    sender: &Sender,
    window: Window,
) -> anyhow::Result<Recorder> {
    let pause = Duration::try_from_secs_f64(1.0 / rate).context("--rate must be above 0")?;
    let (push, take) = mpsc::channel(MAX_DUE);
    let take = Arc::new(Mutex::new(take));
    let mut tasks = JoinSet::new();
    for _ in 0..arguments.connections {
        let (sender, take) = (sender.clone(), Arc::clone(&take));
        tasks.spawn(async move {
            let mut recorder = Recorder::new()?;
            loop {
                let due = take.lock().await.recv().await;
                let Some(due) = due else { return anyhow::Ok(recorder) };
                send(&sender, &due, window, &mut recorder).await;
            }
        });
    }
    let traffic = Traffic::new(arguments, 0)?;
    // A thread of its own keeps time more exactly than the timer of the runtime, which has a
    // resolution of a millisecond.
    let (done, is_done) = sync_channel(1);
    let clock = thread::spawn(move || keep_time(traffic, pause, window, &push, &done));
    let merged = merged(tasks).await;
    drop(clock);
    let dropped = is_done.recv().unwrap_or_default();
    anyhow::ensure!(dropped == 0, "{dropped} requests were due and could not even wait");
    merged
}

/// Passes on each request at the time when it is due.
fn keep_time(
    mut traffic: Traffic,
    pause: Duration,
    window: Window,
    push: &mpsc::Sender<Due>,
    done: &SyncSender<u64>,
) {
    let (mut at, mut dropped) = (Instant::now(), 0);
    while at < window.end {
        thread::sleep(at.saturating_duration_since(Instant::now()));
        dropped += u64::from(push.try_send(Due { at, planned: traffic.next() }).is_err());
        at += pause;
    }
    let _ = done.send(dropped);
}

/// Sends a request, reads its answer, and records it.
async fn send(sender: &Sender, due: &Due, window: Window, recorder: &mut Recorder) {
    let left = window.timeout.saturating_sub(due.at.elapsed());
    // The caller of a request that waited too long to be sent is gone.
    let outcome = if left.is_zero() { Outcome::TimedOut } else { answered(sender, due.planned, left).await };
    let kind = due.planned.kind;
    if outcome.is_success() && window.contains(Instant::now()) {
        recorder.arrived(kind);
    }
    if window.contains(due.at) {
        recorder.record(kind, due.at.elapsed(), outcome);
    }
}

/// Sends a request and reads its answer to the last byte.
async fn answered(sender: &Sender, planned: Planned, timeout: Duration) -> Outcome {
    let answer = match sender.request(planned).timeout(timeout).send().await {
        Ok(answer) => answer,
        Err(error) => return error.into(),
    };
    let status = answer.status();
    match answer.bytes().await {
        Ok(_) => Outcome::Answered(status),
        Err(error) => error.into(),
    }
}

async fn merged(mut tasks: JoinSet<anyhow::Result<Recorder>>) -> anyhow::Result<Recorder> {
    let mut all = Recorder::new()?;
    while let Some(recorder) = tasks.join_next().await {
        all.add(&recorder??)?;
    }
    Ok(all)
}
