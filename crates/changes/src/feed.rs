use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use docent_database::{
    Database,
    error::{Result, StorageError},
    sql,
};
use sea_orm::sqlx::postgres::PgConnectOptions;
use tokio::time::{sleep, sleep_until, timeout};

use crate::{
    Followed, Position,
    session::{CHANNEL, Session},
};

/// Pause between reads of the log without a notification.
const INTERVAL: Duration = Duration::from_millis(500);
/// The same while notifications do not arrive.
const UNNOTIFIED_INTERVAL: Duration = Duration::from_millis(100);
/// Least pause between notifications of this process. `NOTIFY` takes a lock of the whole server at
/// its commit, so it is no part of the transactions that write, and many share one.
const NOTIFY_PAUSE: Duration = Duration::from_millis(3);
/// Time in which the server must answer.
const MAX_ANSWER: Duration = Duration::from_secs(2);
/// Pause before another connection.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);
/// Pause between trials of whether notifications arrive.
const TRIAL_PAUSE: Duration = Duration::from_secs(30);
/// Time in which the notification of a trial must arrive.
const MAX_TRIAL: Duration = Duration::from_secs(5);
/// Age of rows of the log that are deleted, in milliseconds of the server.
const KEPT_MS: i64 = 10 * 60_000;
/// Time without a read after which rows may have been deleted that were not read.
const MAX_GAP_MS: i64 = KEPT_MS / 2;
/// Positions remembered for deletion, within the age of deleted rows.
const PRUNE_STEPS: i64 = 10;

/// Follows the log of changes, over a connection of its own. It loses nothing: after a lost
/// connection it goes on where it was, and where that cannot be it says so.
#[derive(Debug)]
pub struct Feed {
    database: Database,
    options: PgConnectOptions,
    session: Option<Session>,
    position: Position,
    is_lost: bool,
    /// Earlier positions, the oldest first: what was committed at one of `kept_ms` ago is
    /// deleted.
    earlier: VecDeque<Position>,
    kept_ms: i64,
    notified: Notified,
    may_notify_at: tokio::time::Instant,
    has_failed: bool,
}

/// Trial of notifications, and its result. A pooler between server and database that gives each
/// transaction another connection swallows them without an error.
#[derive(Debug)]
struct Notified {
    token: String,
    tried_at: Option<Instant>,
    arrived_at: Option<Instant>,
    is_warned: bool,
}

impl Notified {
    fn is_working(&self) -> bool {
        match (self.tried_at, self.arrived_at) {
            (Some(tried), Some(arrived)) => arrived >= tried || tried.elapsed() < MAX_TRIAL,
            _ => false,
        }
    }

    fn trial_is_due(&self) -> bool {
        self.tried_at.is_none_or(|at| at.elapsed() >= TRIAL_PAUSE)
    }

    fn arrived(&mut self) {
        self.arrived_at = Some(Instant::now());
        if std::mem::take(&mut self.is_warned) {
            tracing::info!("notifications of changes arrive again");
        }
    }

    fn warn_if_silent(&mut self) {
        let is_late = self.tried_at.is_some_and(|at| at.elapsed() >= MAX_TRIAL);
        if is_late && !self.is_working() && !self.is_warned {
            self.is_warned = true;
            tracing::warn!(
                "notifications of PostgreSQL do not arrive, perhaps because of a pooler in transaction mode; \
                 changes of other servers are read every {} ms instead",
                UNNOTIFIED_INTERVAL.as_millis()
            );
        }
    }
}

impl Feed {
    /// Follows the log of a database from a position. Returns `None` on SQLite, which has no log.
    ///
    /// # Errors
    /// [`StorageError::InvalidUrl`].
    pub fn open(database: &Database, position: Position) -> Result<Option<Self>> {
        if database.backend() != "postgresql" {
            return Ok(None);
        }
        let token = ulid::Ulid::generate().to_string();
        Ok(Some(Self {
            options: Session::options(database.config())?,
            database: database.clone(),
            session: None,
            position,
            is_lost: false,
            earlier: VecDeque::new(),
            kept_ms: KEPT_MS,
            notified: Notified { token, tried_at: None, arrived_at: None, is_warned: false },
            may_notify_at: tokio::time::Instant::now(),
            has_failed: false,
        }))
    }

    /// Deletes rows that long after their commit, in place of ten minutes. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn keeping_ms(self, kept_ms: i64) -> Self {
        Self { kept_ms, ..self }
    }

    /// Waits for changes, of this process too. While the database is away it waits for that. Must
    /// be called again soon: meanwhile other processes hear of changes of this one later.
    pub async fn next(&mut self) -> Followed {
        loop {
            match self.step().await {
                Ok(Some(followed)) => return followed,
                Ok(None) => {}
                Err(error) => {
                    self.session = None;
                    if !std::mem::replace(&mut self.has_failed, true) {
                        tracing::warn!(%error, "cannot follow changes of other servers; trying again");
                    }
                    sleep(RECONNECT_PAUSE).await;
                }
            }
        }
    }

    /// Goes on from a position at which everything was read.
    pub fn resume(&mut self, position: Position) {
        self.position = position;
        self.is_lost = false;
        self.earlier.clear();
    }

    /// Waits for a reason to read, and reads.
    async fn step(&mut self) -> Result<Option<Followed>> {
        let mut session = match self.session.take() {
            Some(session) => self.wait(session).await?,
            None => {
                let session = within(Session::open(&self.options)).await?;
                self.notified.tried_at = None;
                session
            }
        };
        if self.notified.trial_is_due() {
            self.try_notification();
        }
        self.notified.warn_if_silent();
        metrics::gauge!("docent_changes_notified").set(f64::from(u8::from(self.notified.is_working())));
        let (changed, next) = within(session.read_since(&self.position)).await?;
        self.prune_if_due(&mut session, &next).await?;
        self.session = Some(session);
        if std::mem::take(&mut self.has_failed) {
            tracing::info!("changes of other servers are followed again");
        }
        let has_gap = self.position.ms_until(&next) > MAX_GAP_MS || !self.position.is_followed_by(&next);
        if has_gap || self.is_lost {
            self.is_lost = true;
            return Ok(Some(Followed::Lost));
        }
        self.position = next;
        Ok((!changed.is_empty()).then_some(Followed::Changes(changed)))
    }

    /// Waits for a notification, for a commit of this process, of which it notifies the others, or
    /// for as long as the log may stay unread.
    async fn wait(&mut self, mut session: Session) -> Result<Session> {
        let interval = if self.notified.is_working() { INTERVAL } else { UNNOTIFIED_INTERVAL };
        let committed = async {
            sleep_until(self.may_notify_at).await;
            self.database.announced().await;
        };
        tokio::select! {
            payloads = session.notified() => {
                if payloads?.contains(&self.notified.token) {
                    self.notified.arrived();
                }
            }
            () = committed => {
                within(session.notify()).await?;
                self.may_notify_at = tokio::time::Instant::now() + NOTIFY_PAUSE;
            }
            () = sleep(interval) => {}
        }
        Ok(session)
    }

    /// Sends a notification to this feed, over a connection of the pool as those of other processes
    /// come over theirs.
    fn try_notification(&mut self) {
        self.notified.tried_at = Some(Instant::now());
        let (database, token) = (self.database.clone(), self.notified.token.clone());
        tokio::spawn(async move {
            let values = [CHANNEL.into(), token.into()];
            let sent = sql::execute(database.reader(), "SELECT pg_notify($1, $2)", values).await;
            if let Err(error) = sent {
                tracing::debug!(%error, "cannot send a notification");
            }
        });
    }

    /// Remembers positions now and then, and deletes what was committed at one that is old enough.
    async fn prune_if_due(&mut self, session: &mut Session, now: &Position) -> Result<()> {
        if self.earlier.back().is_none_or(|last| last.ms_until(now) >= self.kept_ms / PRUNE_STEPS) {
            self.earlier.push_back(now.clone());
        }
        while let Some(oldest) = self.earlier.front()
            && oldest.ms_until(now) >= self.kept_ms
        {
            if within(session.prune(oldest)).await? {
                // The rest after the next read.
                break;
            }
            self.earlier.pop_front();
        }
        Ok(())
    }
}

/// Waits for an answer of the server, but not for long.
async fn within<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    match timeout(MAX_ANSWER, answer).await {
        Ok(answered) => answered,
        Err(_) => Err(StorageError::Unavailable(format!("no answer within {MAX_ANSWER:?}").into())),
    }
}
