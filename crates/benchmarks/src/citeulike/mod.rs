//! The rest of each user's library among all articles, as in Wang, Chen and Li, "Collaborative
//! Topic Regression with Social Regularization for Tag Recommendation" (2013).

mod holdout_evaluation;
mod model;
mod served;

use std::path::PathBuf;

use docent_domain::{Histories, InteractionMatrix, Strategy};
use docent_formats::{
    FormatError,
    citeulike::{Articles, Parts, Split},
};
use docent_models::ModelKind;
use docent_training::fit::{FitData, FitSettings};

use self::holdout_evaluation::HoldoutEvaluation;
pub use self::model::Model;
use crate::{BenchmarkError, BenchmarkEvent, BenchmarkObserver, ModelReport, Report, models, observer};

/// A source of knowledge that a run can leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Tags of articles.
    Tags,
    /// Citations between articles.
    Citations,
    /// Words of articles.
    Text,
    /// Libraries of users.
    Collaborative,
}

impl Source {
    /// Returns the name of the source in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tags => "tags",
            Self::Citations => "citations",
            Self::Text => "text",
            Self::Collaborative => "collaborative",
        }
    }
}

/// Data and models of a run.
#[derive(Debug, Clone)]
pub struct CiteulikeOptions {
    /// Folder with `cf-train-P-users.dat`, `cf-test-P-users.dat` and the files of articles.
    pub folder: PathBuf,
    /// `P` in the names of the files: the training articles per user.
    pub per_user: u32,
    /// Lengths of the lists, each at least 1.
    pub ks: Vec<usize>,
    /// Sources that are left out.
    pub without: Vec<Source>,
    /// Models in the order of the report.
    pub models: Vec<Model>,
}

impl CiteulikeOptions {
    fn uses(&self, source: Source) -> bool {
        !self.without.contains(&source)
    }

    /// Describes the data for the report.
    fn description(&self) -> String {
        let mut text = format!("{}, {} per user", self.folder.display(), self.per_user);
        if !self.without.is_empty() {
            let names: Vec<&str> = self.without.iter().map(|source| source.name()).collect();
            text += &format!(", without {}", names.join(" and "));
        }
        text
    }
}

/// Measures models by the recall of the rest of each library, among all articles, among those in
/// training (`warm_`), and among those outside training (`unseen_`).
///
/// # Errors
/// [`BenchmarkError::Format`] for bad files, [`BenchmarkError::Interrupted`] by the observer,
/// [`BenchmarkError::Model`], [`BenchmarkError::Training`].
pub fn citeulike(
    options: &CiteulikeOptions,
    observer: &dyn BenchmarkObserver,
) -> Result<Report, BenchmarkError> {
    let split = Split::find(&options.folder, options.per_user)?;
    let parts = Parts {
        text: options.uses(Source::Text),
        tags: options.uses(Source::Tags),
        citations: options.uses(Source::Citations),
    };
    let mut articles = Articles::read(&options.folder, parts)?;
    let (train, test) = split.read(articles.limit())?;
    articles.include(train.iter().chain(&test).flatten().copied());
    let (users, items) = (train.len().max(test.len()), articles.len());
    let pairs =
        (0u32..).zip(&train).flat_map(|(user, library)| library.iter().map(move |item| (user, *item)));
    let likes = InteractionMatrix::from_triples(users, items, pairs.map(|(user, item)| (user, item, 1.0)))?;
    let holdout = HoldoutEvaluation::new(&likes, &test, options.ks.clone());
    if holdout.is_empty() {
        let train = split.train_path.display();
        let reason = format!("expected at least one article that is not in {train}, got none");
        return Err(FormatError::File { path: split.test_path, reason }.into());
    }
    let training = if options.uses(Source::Collaborative) {
        likes.clone()
    } else {
        InteractionMatrix::from_triples(users, items, [])?
    };
    let interactions = training.len();
    observer::emit(observer, &BenchmarkEvent::Data { users, items, interactions })?;
    let histories = Histories::of_matrix(&likes);
    let training = FitData::new(Histories::of_matrix(&training));
    let run = Run { histories, training, holdout, observer };
    let models = run.reports(&options.models, articles)?;
    Ok(Report {
        protocol: "citeulike",
        data: options.description(),
        users,
        items,
        interactions,
        models,
        case_users: run.holdout.users().map(|user| user.to_string()).collect(),
    })
}

/// Data that all models share.
struct Run<'a> {
    /// Libraries, which lists are computed from.
    histories: Histories,
    /// Libraries that models may learn from; empty if they are left out.
    training: FitData,
    holdout: HoldoutEvaluation,
    observer: &'a dyn BenchmarkObserver,
}

impl Run<'_> {
    fn reports(&self, models: &[Model], articles: Articles) -> Result<Vec<ModelReport>, BenchmarkError> {
        let strategies: Vec<Strategy> = models
            .iter()
            .filter_map(|model| match model {
                Model::Served(strategy) => Some(*strategy),
                Model::Fitted(_) => None,
            })
            .collect();
        let mut served =
            if strategies.is_empty() { Vec::new() } else { self.served(&strategies, articles)? }.into_iter();
        let mut reports = Vec::with_capacity(models.len());
        for model in models {
            match *model {
                Model::Fitted(kind) => reports.push(self.fitted(kind)?),
                Model::Served(_) => reports.extend(served.next()),
            }
        }
        Ok(reports)
    }

    fn fitted(&self, kind: ModelKind) -> Result<ModelReport, BenchmarkError> {
        if self.training.likes().is_empty() {
            let reason = "the libraries of users are left out".to_owned();
            return Ok(ModelReport::skipped(kind.name(), reason));
        }
        let settings = FitSettings::default();
        models::model(kind, &self.training, settings, self.observer, &|model| {
            let mut estimates = self.holdout.recalls(1, |user| {
                observer::check(self.observer)?;
                Ok(vec![model.fold_in(self.histories.of(user))?.all()?.to_vec()])
            })?;
            Ok(estimates.pop().unwrap_or_default())
        })
    }
}
