//! The measurement of one size in this process.

use std::{ops::ControlFlow, time::Instant};

use anyhow::Context;
use docent::{
    models::ModelKind,
    training::fit::{FitData, FitEvent, FitSettings, Validation, build, choose, fit},
};
use docent_benchmarks::memory;
use docent_domain::{Event, Histories, Micros};
use docent_sample::{PowerLawConfig, PowerLawLibrary};
use serde::{Deserialize, Serialize};

/// Figures of one size.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    pub interactions: u64,
    pub users: u32,
    pub items: u32,
    /// Model that was fitted alone; `None` for a whole training.
    pub model: Option<String>,
    /// Seconds by the clock on the wall.
    pub seconds: f64,
    /// Processor seconds of all threads.
    pub cpu_seconds: f64,
    /// Resident bytes before the training, with the data.
    pub data_bytes: u64,
    /// Most resident bytes during the training, with the data.
    pub peak_bytes: u64,
    /// Bytes of the vectors of users and items.
    pub factor_bytes: u64,
    /// Wall-clock seconds of each model, in the choice and in the build.
    pub models: Vec<ModelSeconds>,
}

/// Wall-clock seconds of one model.
#[derive(Debug, Serialize, Deserialize)]
pub struct ModelSeconds {
    pub model: String,
    pub choice: f64,
    pub build: f64,
}

impl Measured {
    /// Returns the bytes of the peak that are not vectors of users and items, for each interaction.
    pub fn bytes_per_interaction(&self) -> f64 {
        self.peak_bytes.saturating_sub(self.factor_bytes) as f64 / self.interactions.max(1) as f64
    }
}

/// Generates data and trains: the whole blend, or one model.
///
/// # Errors
/// Returns an error if training fails.
pub fn measure(
    interactions: u64,
    [per_user, per_item]: [u64; 2],
    model: Option<ModelKind>,
    ncf_epochs: Option<usize>,
) -> anyhow::Result<Measured> {
    let users = u32::try_from(interactions / per_user.max(1)).context("too many users")?;
    let items = u32::try_from(interactions / per_item.max(1)).context("too many items")?;
    let data = data(&PowerLawLibrary::new(&PowerLawConfig::new(items, users, interactions)))?;
    let mut settings = FitSettings::default();
    settings.models.ncf.epochs = ncf_epochs.unwrap_or(settings.models.ncf.epochs);
    memory::reset_peak();
    let data_bytes = memory::peak_bytes().unwrap_or_default();
    let mut seconds_of = Seconds::default();
    let (begun, cpu) = (Instant::now(), cpu_seconds());
    match model {
        Some(kind) => drop(fit(kind, &data, &settings, &mut |event| seconds_of.take(event))?),
        None => train(&data, &settings, &mut seconds_of)?,
    }
    seconds_of.end_of_peak();
    Ok(Measured {
        interactions: data.histories().len() as u64,
        users,
        items,
        model: model.map(|kind| kind.name().to_owned()),
        seconds: begun.elapsed().as_secs_f64(),
        cpu_seconds: cpu_seconds() - cpu,
        data_bytes,
        peak_bytes: seconds_of.peak_bytes,
        factor_bytes: factor_bytes(&settings, &seconds_of.models, [users, items].map(u64::from)),
        models: seconds_of.models,
    })
}

/// Collects histories with times, one user after another.
fn data(library: &PowerLawLibrary) -> anyhow::Result<FitData> {
    let size = library.config();
    let events = (0..size.users).flat_map(|user| library.history(user)).map(|one| {
        let time = Some(Micros::new(library.micros(&one)));
        (one.user, Event { time, ..Event::of(one.resource) })
    });
    Ok(FitData::new(Histories::new(size.users as usize, size.resources as usize, events, true)?))
}

/// Chooses the blend and builds it, as a training run does.
fn train(data: &FitData, settings: &FitSettings, seconds: &mut Seconds) -> anyhow::Result<()> {
    let validation = Validation::cut(data, settings.objective, settings.seed);
    let validation = validation.context("there are too few interactions to choose a blend")?;
    let choice = choose(&validation, settings, &mut |event| seconds.take(event))?;
    let plan = choice.plan;
    // The judged blend and its data are gone before the final one is built.
    drop((choice.blend, validation));
    seconds.is_build = true;
    build(data, &plan, settings, &mut |event| seconds.take(event))?;
    Ok(())
}

/// Seconds and memory of models, from the events of a fit.
#[derive(Default)]
struct Seconds {
    is_build: bool,
    models: Vec<ModelSeconds>,
    /// Most resident bytes up to the last model.
    peak_bytes: u64,
}

impl Seconds {
    /// Returns the most resident bytes since the last call.
    fn end_of_peak(&mut self) -> u64 {
        let peak = memory::peak_bytes().unwrap_or_default();
        memory::reset_peak();
        self.peak_bytes = self.peak_bytes.max(peak);
        peak
    }

    fn take(&mut self, event: &FitEvent) -> ControlFlow<()> {
        if let FitEvent::Fitted { model, seconds } = event {
            let name = model.name();
            let peak = self.end_of_peak();
            eprintln!("{name} in {seconds:.1} s, {} MiB at most", peak >> 20);
            if !self.models.iter().any(|known| known.model == name) {
                self.models.push(ModelSeconds { model: name.to_owned(), choice: 0.0, build: 0.0 });
            }
            for known in self.models.iter_mut().filter(|known| known.model == name) {
                let phase = if self.is_build { &mut known.build } else { &mut known.choice };
                *phase += seconds;
            }
        }
        ControlFlow::Continue(())
    }
}

/// Returns the bytes of one copy of the vectors of users and items of the fitted models.
fn factor_bytes(settings: &FitSettings, fitted: &[ModelSeconds], [users, items]: [u64; 2]) -> u64 {
    let models = &settings.models;
    let is_fitted = |kind: ModelKind| fitted.iter().any(|known| known.model == kind.name());
    let mut values = 0;
    for (kind, als) in [(ModelKind::Als, &models.als), (ModelKind::LowRankAls, &models.low_rank_als)] {
        values += u64::from(is_fitted(kind)) * (users + items) * als.dim as u64;
    }
    if is_fitted(ModelKind::Ncf) {
        // The network has the factors of a user and an item from ALS, and two tables of items.
        let first = models.ncf.layers.first().copied().unwrap_or_default();
        values += items * (models.ncf.dim + first) as u64;
    }
    values * size_of::<f32>() as u64
}

/// Returns the processor time of all threads of this process.
fn cpu_seconds() -> f64 {
    let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9
}
