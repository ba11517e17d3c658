use std::path::Path;

use docent_domain::{Histories, InteractionMatrix};
use docent_evaluation::{RankingCase, full_ranking, list_metrics};
use docent_formats::RankingFiles;
use docent_models::Popularity;
use docent_training::fit::FitData;

use crate::{
    BenchmarkError, BenchmarkObserver, Estimates, ModelOptions, Report,
    catalogue::training_histories,
    models::{self, Protocol},
    observer,
};

/// Ranks the held-out items of each user among all items that the user has not seen. Both files
/// have lines `user item item ...`, whose order says nothing.
///
/// # Errors
/// [`BenchmarkError::Format`] for bad files, [`BenchmarkError::Interrupted`] by the observer,
/// [`BenchmarkError::Model`].
pub fn ranking(
    train: &Path,
    test: &Path,
    options: &ModelOptions,
    observer: &dyn BenchmarkObserver,
) -> Result<Report, BenchmarkError> {
    let (histories, cases) = prepare(RankingFiles::read(train, test)?)?;
    let protocol = Protocol {
        name: "ranking",
        files: format!("{} {}", train.display(), test.display()),
        users: cases.iter().map(|case| case.user.to_string()).collect(),
        data: FitData::new(histories),
    };
    let histories = protocol.data.histories();
    let audiences = Audiences::of(&protocol.data);
    let longest = options.ks.iter().copied().max().unwrap_or_default();
    models::report(&protocol, options, observer, &|model| {
        let (by_k, lists) = full_ranking(&cases, &options.ks, |user, scores| {
            observer::check(observer)?;
            let user = model.fold_in(histories.of(user))?;
            scores.clear();
            scores.extend_from_slice(user.all()?);
            Ok::<(), BenchmarkError>(())
        })?;
        let n_users = histories.n_users();
        let lists = list_metrics(&lists, &audiences.sizes, n_users, |a, b| audiences.distance(a, b));
        Ok(Estimates::of_users(&options.ks, &by_k).with_lists(longest, &lists))
    })
}

/// Returns the training histories and the users with something to find that they do not have yet.
fn prepare(files: RankingFiles) -> Result<(Histories, Vec<RankingCase>), BenchmarkError> {
    let RankingFiles { train, test } = files;
    let held_out = test.iter().flat_map(|(_, items)| items.iter().copied());
    let (histories, catalogue) = training_histories(train, held_out)?;
    let mut cases = Vec::new();
    for (user, items) in test {
        let seen: Vec<u32> = histories.of(user).iter().map(|event| event.item).collect();
        let relevant = items.into_iter().map(|item| catalogue.column(item));
        let relevant = relevant.filter(|item| seen.binary_search(item).is_err()).collect();
        cases.push(RankingCase { user, seen, relevant });
    }
    cases.retain(|case| !case.relevant.is_empty());
    Ok((histories, cases))
}

/// The users who chose each item.
struct Audiences {
    users: InteractionMatrix,
    sizes: Vec<u32>,
}

impl Audiences {
    fn of(data: &FitData) -> Self {
        let counts = Popularity::of(data.histories());
        let sizes = counts.counts().iter().map(|count| *count as u32).collect();
        Self { users: data.likes().transposed(), sizes }
    }

    /// Returns one minus the cosine of the audiences of two items.
    fn distance(&self, a: u32, b: u32) -> f64 {
        let (of_a, of_b) = (self.users.row(a as usize).0, self.users.row(b as usize).0);
        let (few, many) = if of_a.len() < of_b.len() { (of_a, of_b) } else { (of_b, of_a) };
        let both = few.iter().filter(|user| many.binary_search(user).is_ok()).count() as f64;
        let norm = (few.len() as f64 * many.len() as f64).sqrt();
        if norm > 0.0 { 1.0 - both / norm } else { 1.0 }
    }
}
