use std::path::Path;

use docent_domain::{Event, Histories, InteractionMatrix, as_set};
use docent_evaluation::RankingCase;
use docent_formats::{AttributeFile, FormatError, SequenceFile, Tokens};
use docent_training::fit::FitData;

use crate::{
    BenchmarkError, BenchmarkObserver, ModelOptions, Report,
    models::{self, Protocol},
    ordered,
};

/// Users with fewer items have no case.
const MIN_ITEMS: usize = 3;

/// Ranks the last item of each user, the split of Kang and McAuley (2018), among all items that the
/// user does not have yet: the whole catalogue, as Krichene and Rendle (2020) ask for.
///
/// `data` has lines `user item item ...`, oldest first. Models learn from everything but the last
/// items of users with at least three. The items of a user are not ranked again, so a user whose
/// last item occurs earlier in the line has nothing to find and is left out. `attributes` is a JSON
/// object of items with lists of attributes; items that occur only there are not ranked.
///
/// # Errors
/// [`BenchmarkError::Format`] for bad files and for data without a case,
/// [`BenchmarkError::Interrupted`] by the observer, [`BenchmarkError::Model`].
pub fn next_item(
    data: &Path,
    attributes: Option<&Path>,
    options: &ModelOptions,
    observer: &dyn BenchmarkObserver,
) -> Result<Report, BenchmarkError> {
    let sequences = SequenceFile::read(data)?;
    let cases = cases(&sequences);
    if cases.is_empty() {
        let reason =
            format!("expected at least one user with {MIN_ITEMS} items, the last of them new, got none");
        return Err(FormatError::File { path: data.to_owned(), reason }.into());
    }
    let mut files = data.display().to_string();
    let mut fit_data = FitData::new(histories(&sequences)?);
    if let Some(path) = attributes {
        files += &format!(" {}", path.display());
        fit_data = fit_data.with_attributes(matrix(path, &sequences.items)?);
    }
    let user_of = |case: &RankingCase| sequences.users.get(case.user as usize).cloned();
    let users = cases.iter().filter_map(user_of).collect();
    let protocol = Protocol { name: "next", files, users, data: fit_data };
    let histories = protocol.data.histories();
    models::report(&protocol, options, observer, &|model| {
        ordered::measure(model, &cases, |user| histories.of(user), options, observer)
    })
}

/// Returns the length of the history that models learn from.
fn kept(items: &[u32]) -> usize {
    if items.len() < MIN_ITEMS { items.len() } else { items.len() - 1 }
}

fn histories(sequences: &SequenceFile) -> Result<Histories, BenchmarkError> {
    let by_user = (0u32..).zip(&sequences.histories);
    let events = by_user
        .flat_map(|(user, items)| items.iter().take(kept(items)).map(move |item| (user, Event::of(*item))));
    Ok(Histories::new(sequences.users.len(), sequences.items.len(), events, true)?)
}

fn cases(sequences: &SequenceFile) -> Vec<RankingCase> {
    let mut cases = Vec::new();
    for (user, items) in (0u32..).zip(&sequences.histories) {
        let (before, after) = items.split_at(kept(items));
        let before: Vec<Event> = before.iter().copied().map(Event::of).collect();
        let seen: Vec<u32> = as_set(&before).into_iter().map(|(item, _)| item).collect();
        let last = after.first().filter(|item| seen.binary_search(item).is_err());
        if let Some(&item) = last {
            cases.push(RankingCase { user, seen, relevant: [item].into() });
        }
    }
    cases
}

/// Returns the attributes of the items that occur in sequences, `[n_attributes, n_items]`.
fn matrix(path: &Path, items: &Tokens) -> Result<InteractionMatrix, BenchmarkError> {
    let file = AttributeFile::read(path)?;
    let (mut attributes, mut pairs) = (Tokens::default(), Vec::new());
    for (item, of_item) in &file.items {
        let Some(item) = items.get(item) else { continue };
        pairs.extend(of_item.iter().map(|attribute| (attributes.add(attribute), item)));
    }
    if pairs.is_empty() {
        let reason = "expected attributes of at least one item of the data, got none".to_owned();
        return Err(FormatError::File { path: path.to_owned(), reason }.into());
    }
    // An attribute that an item lists twice counts once.
    pairs.sort_unstable();
    pairs.dedup();
    let triples = pairs.into_iter().map(|(attribute, item)| (attribute, item, 1.0));
    Ok(InteractionMatrix::from_triples(attributes.len(), items.len(), triples)?)
}
