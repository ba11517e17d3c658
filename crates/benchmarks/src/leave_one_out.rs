use std::path::Path;

use docent_domain::Histories;
use docent_evaluation::LeaveOneOutCase;
use docent_formats::LeaveOneOutFiles;
use docent_training::fit::FitData;

use crate::{
    BenchmarkError, BenchmarkObserver, Estimates, ModelOptions, Report,
    catalogue::training_histories,
    models::{self, Protocol},
    observer,
};

/// Ranks one held-out item per user among given negatives, as in He et al., "Neural Collaborative
/// Filtering" (2017). The folder holds one file each of `*.train.rating`, `*.test.rating` and
/// `*.test.negative`. Their order says nothing.
///
/// # Errors
/// [`BenchmarkError::Format`] for bad files, [`BenchmarkError::Interrupted`] by the observer,
/// [`BenchmarkError::Model`].
pub fn leave_one_out(
    folder: &Path,
    options: &ModelOptions,
    observer: &dyn BenchmarkObserver,
) -> Result<Report, BenchmarkError> {
    let (histories, cases) = prepare(LeaveOneOutFiles::read(folder)?)?;
    let protocol = Protocol {
        name: "loo",
        files: folder.display().to_string(),
        users: cases.iter().map(|case| case.user.to_string()).collect(),
        data: FitData::new(histories),
    };
    let histories = protocol.data.histories();
    models::report(&protocol, options, observer, &|model| {
        let by_k = docent_evaluation::leave_one_out(&cases, &options.ks, |user, items, scores| {
            observer::check(observer)?;
            *scores = model.fold_in(histories.of(user))?.score(items)?;
            Ok::<(), BenchmarkError>(())
        })?;
        Ok(Estimates::of_users(&options.ks, &by_k))
    })
}

fn prepare(files: LeaveOneOutFiles) -> Result<(Histories, Vec<LeaveOneOutCase>), BenchmarkError> {
    let LeaveOneOutFiles { train, held_out } = files;
    let items = held_out.iter().flat_map(|case| case.negatives.iter().copied().chain([case.item]));
    let (histories, catalogue) = training_histories(train, items)?;
    let mut cases = Vec::with_capacity(held_out.len());
    for mut case in held_out {
        case.negatives.iter_mut().for_each(|item| *item = catalogue.column(*item));
        let (user, item) = (case.user, catalogue.column(case.item));
        cases.push(LeaveOneOutCase { user, item, negatives: case.negatives });
    }
    Ok((histories, cases))
}
