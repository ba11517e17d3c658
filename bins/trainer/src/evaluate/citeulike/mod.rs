//! `evaluate citeulike`: the rest of each person's library among all articles, as in Wang, Chen and Li 2013.

mod articles;
mod judge;

use std::{fmt, io::IsTerminal, ops::ControlFlow, path::Path, str::FromStr, time::Instant};

use anyhow::Context;
use docent::{
    Offline, Strategy, TrainConfig, TrainError, TrainEvent, TrainObserver,
    collaborative::{FitEvent, FitSettings, InteractionMatrix, ModelKind, fit},
};

use self::{articles::Articles, judge::Cases};
use super::{
    files::{LARGEST_ID, Lines},
    memory,
    report::{Cost, Judged, ModelReport, Report},
    run::histories,
};
use crate::{
    cli::{CiteulikeArgs, Without},
    logging,
    stop::Stop,
};

/// A model by its name: one of the collaborative models, or what is served under a strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    Fitted(ModelKind),
    Served(Strategy),
}

impl Model {
    const ALL: [Self; 9] = [
        Self::Fitted(ModelKind::Popularity),
        Self::Fitted(ModelKind::ItemKnn),
        Self::Fitted(ModelKind::Ease),
        Self::Fitted(ModelKind::Als),
        Self::Fitted(ModelKind::Ncf),
        Self::Served(Strategy::Collaborative),
        Self::Served(Strategy::Content),
        Self::Served(Strategy::Graph),
        Self::Served(Strategy::Hybrid),
    ];

    /// Without EASE, whose dense matrix most sets are too large for, and NCF, which is in `collaborative`.
    const DEFAULT: [Self; 7] = {
        let [popularity, knn, _, als, _, collaborative, content, graph, hybrid] = Self::ALL;
        [popularity, knn, als, collaborative, content, graph, hybrid]
    };

    fn name(self) -> &'static str {
        match self {
            Self::Fitted(kind) => kind.name(),
            Self::Served(strategy) => strategy.as_str(),
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Model {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|model| model.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown model \"{name}\": expected one of {names}")
        })
    }
}

pub fn run(args: &CiteulikeArgs, stop: &Stop) -> anyhow::Result<()> {
    anyhow::ensure!(!args.k.contains(&0), "--k: expected 1 or more, got 0");
    let without = |what| args.without.contains(&what);
    let (train_path, test_path) = split_files(&args.data, args.per_user)?;
    let mut articles = Articles::read(&args.data, &args.without)?;
    let train = libraries(&train_path, articles.limit())?;
    let test = libraries(&test_path, articles.limit())?;
    articles.hold(train.iter().chain(&test).flatten().copied());
    anyhow::ensure!(
        train.iter().any(|library| !library.is_empty()),
        "{}: expected at least one article, got none",
        train_path.display()
    );
    let triples = (0u32..)
        .zip(&train)
        .flat_map(|(user, library)| library.iter().map(move |&article| (user, article, 1.0)));
    let people = train.len().max(test.len());
    let likes = InteractionMatrix::from_triples(people, articles.len(), triples)?;
    let cases = Cases::new(&likes, &test);
    anyhow::ensure!(
        !cases.is_empty(),
        "{}: expected at least one article that is not in {}, got none",
        test_path.display(),
        train_path.display()
    );
    let behaviour = if without(Without::Collaborative) {
        InteractionMatrix::from_triples(people, articles.len(), [])?
    } else {
        likes.clone()
    };
    logging::note(&format!(
        "{people} people, {} articles, {} pairs to train on",
        articles.len(),
        behaviour.len()
    ));
    let models = if args.models.is_empty() { Model::DEFAULT.to_vec() } else { args.models.clone() };
    let evaluation = Evaluation { likes: &likes, behaviour: &behaviour, cases: &cases, ks: &args.k, stop };
    let report = Report {
        protocol: "citeulike",
        data: described(args),
        users: people,
        items: articles.len(),
        interactions: behaviour.len(),
        models: evaluation.all(&models, articles)?,
    };
    println!("{}", report.table());
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, text + "\n").with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// The folder, how many articles a person, and what is left out.
fn described(args: &CiteulikeArgs) -> String {
    let mut data = format!("{}, {} a person", args.data.display(), args.per_user);
    let names: Vec<&str> = args.without.iter().map(|without| without.name()).collect();
    if !names.is_empty() {
        data += &format!(", without {}", names.join(" and "));
    }
    data
}

/// The files with so many training articles a person.
fn split_files(folder: &Path, per_user: u32) -> anyhow::Result<(std::path::PathBuf, std::path::PathBuf)> {
    let file = |part: &str| folder.join(format!("cf-{part}-{per_user}-users.dat"));
    let (train, test) = (file("train"), file("test"));
    for path in [&train, &test] {
        anyhow::ensure!(
            path.is_file(),
            "--per-user {per_user}: expected the file {}, there is none",
            path.display()
        );
    }
    Ok((train, test))
}

/// Lines `count id id …`, one a person, by line.
fn libraries(path: &Path, limit: Option<u32>) -> anyhow::Result<Vec<Vec<u32>>> {
    let mut libraries = Vec::new();
    for line in Lines::open(path)? {
        let line = line?;
        libraries.resize_with(line.index(), Vec::new);
        libraries.push(line.counted("an article", limit.unwrap_or(LARGEST_ID))?);
    }
    Ok(libraries)
}

/// What all models are judged by.
struct Evaluation<'a> {
    /// What people have.
    likes: &'a InteractionMatrix,
    /// What may be learned of it.
    behaviour: &'a InteractionMatrix,
    cases: &'a Cases,
    ks: &'a [usize],
    stop: &'a Stop,
}

impl Evaluation<'_> {
    fn all(&self, models: &[Model], articles: Articles) -> anyhow::Result<Vec<ModelReport>> {
        let served = models.iter().filter_map(|model| match model {
            Model::Served(strategy) => Some(*strategy),
            Model::Fitted(_) => None,
        });
        let served: Vec<Strategy> = served.collect();
        let served = if served.is_empty() { Vec::new() } else { self.judge_served(&served, articles)? };
        let mut served = served.into_iter();
        let mut reports = Vec::with_capacity(models.len());
        for model in models {
            reports.extend(match *model {
                Model::Fitted(kind) => Some(self.judge_fitted(kind)?),
                Model::Served(_) => served.next(),
            });
        }
        Ok(reports)
    }

    /// One training and one pass over the people for all strategies, as one request has all component scores.
    fn judge_served(&self, strategies: &[Strategy], articles: Articles) -> anyhow::Result<Vec<ModelReport>> {
        memory::reset_peak();
        let begun = Instant::now();
        let mut watch = Watch { stop: self.stop.clone() };
        let offline =
            Offline::train(articles.resources()?, self.behaviour, &TrainConfig::default(), &mut watch);
        let offline = match offline {
            Err(TrainError::Interrupted) => anyhow::bail!("interrupted"),
            offline => offline?,
        };
        let train_seconds = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let histories = histories(self.likes);
        let judged = self.cases.judge(strategies.len(), self.ks, |user| {
            self.stop.check()?;
            let history = histories.get(user as usize).map_or(&[][..], Vec::as_slice);
            Ok(offline.score_all(history, strategies)?)
        })?;
        let (score_seconds, peak_rss_bytes) = (begun.elapsed().as_secs_f64(), memory::peak_bytes());
        let report = |(&strategy, judged): (&Strategy, Judged)| {
            if !offline.has(strategy) {
                let why = "what it ranks by is left out or not there".to_owned();
                return ModelReport::skipped(strategy.as_str(), why);
            }
            let parameters = offline.n_parameters(strategy);
            let cost = Cost { train_seconds, score_seconds, peak_rss_bytes, parameters };
            ModelReport::measured(strategy.as_str(), judged, &cost)
        };
        Ok(strategies.iter().zip(judged).map(report).collect())
    }

    fn judge_fitted(&self, kind: ModelKind) -> anyhow::Result<ModelReport> {
        if self.behaviour.is_empty() {
            return Ok(ModelReport::skipped(kind.name(), "behaviour is left out".to_owned()));
        }
        self.stop.check()?;
        memory::reset_peak();
        let begun = Instant::now();
        let settings = FitSettings::default();
        let mut observer = |_: &FitEvent| match self.stop.asked() {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        };
        let model = match fit(kind, self.behaviour, &settings, &mut observer) {
            Err(error) if error.is_too_many_items() => {
                return Ok(ModelReport::skipped(kind.name(), error.to_string()));
            }
            model => model?,
        };
        let train_seconds = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let histories = histories(self.likes);
        let mut judged = self.cases.judge(1, self.ks, |user| {
            self.stop.check()?;
            let history = histories.get(user as usize).map_or(&[][..], Vec::as_slice);
            let mut scores = Vec::new();
            model.score_all(history, &mut scores)?;
            Ok(vec![scores])
        })?;
        let judged = judged.pop().unwrap_or_default();
        let cost = Cost {
            train_seconds,
            score_seconds: begun.elapsed().as_secs_f64(),
            peak_rss_bytes: memory::peak_bytes(),
            parameters: model.n_parameters(),
        };
        Ok(ModelReport::new(kind.name(), judged, &cost, settings))
    }
}

/// Log lines for stages where nobody watches, and an end where one was asked for.
struct Watch {
    stop: Stop,
}

impl TrainObserver for Watch {
    fn on_event(&mut self, event: &TrainEvent) -> ControlFlow<()> {
        if let TrainEvent::Stage(name) = event
            && !std::io::stderr().is_terminal()
        {
            tracing::info!("{name}");
        }
        if self.stop.asked().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
