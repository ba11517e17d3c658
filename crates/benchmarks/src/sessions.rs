use std::path::Path;

use docent_domain::{Event, Histories, Micros};
use docent_evaluation::RankingCase;
use docent_formats::{FormatError, Session, SessionEvent, SessionFiles};
use docent_training::fit::FitData;

use crate::{
    BenchmarkError, BenchmarkObserver, ModelOptions, Report,
    models::{self, Protocol},
    ordered,
};

/// Ranks each next item of each test session among all items of training, by the items of the
/// session before it, as in session-rec (Ludewig et al., 2021) and in the evaluation of VMIS-kNN
/// (Kersbergen et al., 2022).
///
/// Both files are tables separated by tabs with the columns `SessionId`, `ItemId` and `Time`
/// (seconds). Items of a session are ranked, too, because sessions repeat items. Items of test that
/// do not occur in training are removed first, and a session of one item has no case.
///
/// # Errors
/// [`BenchmarkError::Format`] for bad files and for test sessions without a case,
/// [`BenchmarkError::Interrupted`] by the observer, [`BenchmarkError::Model`].
pub fn sessions(
    train: &Path,
    test: &Path,
    options: &ModelOptions,
    observer: &dyn BenchmarkObserver,
) -> Result<Report, BenchmarkError> {
    let files = SessionFiles::read(train, test)?;
    let cases = Cases::of(&files);
    if cases.ranking.is_empty() {
        let reason = "expected at least one session with two items of training, got none".to_owned();
        return Err(FormatError::File { path: test.to_owned(), reason }.into());
    }
    let protocol = Protocol {
        name: "sessions",
        files: format!("{} {}", train.display(), test.display()),
        users: cases.users.clone(),
        data: FitData::new(histories(&files)?).with_repeats(),
    };
    models::report(&protocol, options, observer, &|model| {
        ordered::measure(model, &cases.ranking, |case| cases.history(case), options, observer)
    })
}

fn histories(files: &SessionFiles) -> Result<Histories, BenchmarkError> {
    let by_session = (0u32..).zip(&files.train);
    let events = by_session
        .flat_map(|(session, train)| train.events.iter().map(move |event| (session, as_event(event))));
    Ok(Histories::new(files.train.len(), files.n_train_items as usize, events, true)?)
}

fn as_event(event: &SessionEvent) -> Event {
    Event { time: Some(Micros::new(event.time)), ..Event::of(event.item) }
}

/// The next items of test sessions.
struct Cases {
    /// By the number of the case.
    ranking: Vec<RankingCase>,
    /// Session of each case.
    users: Vec<String>,
    /// Events of all test sessions, one session after another.
    events: Vec<Event>,
    /// First event of the session and the event to find, by case.
    places: Vec<(usize, usize)>,
}

impl Cases {
    fn of(files: &SessionFiles) -> Self {
        let mut cases =
            Self { ranking: Vec::new(), users: Vec::new(), events: Vec::new(), places: Vec::new() };
        for session in &files.test {
            cases.add(session, files.n_train_items);
        }
        cases
    }

    fn add(&mut self, session: &Session, n_items: u32) {
        let start = self.events.len();
        for event in session.events.iter().filter(|event| event.item < n_items) {
            let place = self.events.len();
            if place > start {
                let case = self.ranking.len() as u32;
                self.ranking.push(RankingCase {
                    user: case,
                    seen: Vec::new(),
                    relevant: [event.item].into(),
                });
                self.users.push(session.id.clone());
                self.places.push((start, place));
            }
            self.events.push(as_event(event));
        }
    }

    /// Returns the events of the session before the item of a case.
    fn history(&self, case: u32) -> &[Event] {
        let place = self.places.get(case as usize);
        place.and_then(|&(start, end)| self.events.get(start..end)).unwrap_or(&[])
    }
}
