use std::ops::ControlFlow;

use docent_domain::InteractionMatrix;
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use rand_distr::{Distribution, Normal};
use rayon::prelude::*;

use crate::{
    SoftmaxConfig, SoftmaxError, SoftmaxModel,
    adam::Adam,
    partition::{Partition, chosen_items},
};

/// People whose slopes one task adds up.
const PEOPLE_PER_TASK: usize = 64;

/// The items were updated: what a training run reports as it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Update {
    /// How many updates are done, from 1.
    pub done: usize,
    /// How many there will be.
    pub total: usize,
}

impl SoftmaxModel {
    /// Learns items from `likes`, users by items. `progress` is called after each update and may stop the run. The same data,
    /// config and seed give the same model on any number of threads.
    ///
    /// # Errors
    /// [`SoftmaxError::InvalidConfig`], [`SoftmaxError::TooManyItems`], [`SoftmaxError::NoInteractions`],
    /// [`SoftmaxError::Diverged`], and
    /// [`SoftmaxError::Interrupted`] where `progress` breaks.
    pub fn train(
        likes: &InteractionMatrix,
        config: &SoftmaxConfig,
        mut progress: impl FnMut(Update) -> ControlFlow<()>,
    ) -> Result<Self, SoftmaxError> {
        config.check()?;
        if likes.n_cols() > config.max_items {
            return Err(SoftmaxError::TooManyItems { items: likes.n_cols(), max_items: config.max_items });
        }
        let mut people: Vec<usize> =
            (0..likes.n_rows()).filter(|&user| !likes.row(user).0.is_empty()).collect();
        if people.is_empty() {
            return Err(SoftmaxError::NoInteractions);
        }
        let mut rng = StdRng::seed_from_u64(config.seed);
        let mut items = Items::new(likes, config, &mut rng)?;
        let total = config.updates(people.len());
        let mut at = people.len();
        for done in 1..=total {
            if at >= people.len() {
                people.shuffle(&mut rng);
                at = 0;
            }
            let batch = people.get(at..people.len().min(at + config.batch_size)).unwrap_or_default();
            at += batch.len();
            items.update(likes, batch, done)?;
            if progress(Update { done, total }).is_break() {
                return Err(SoftmaxError::Interrupted);
            }
        }
        Self::from_parts(config.clone(), items.factors, items.biases, items.counts)
    }
}

struct Items<'a> {
    config: &'a SoftmaxConfig,
    factors: Vec<f32>,
    biases: Vec<f32>,
    counts: Vec<f32>,
    /// Those that somebody chose.
    chosen: Vec<u32>,
    /// Ridges of the items as shares of one person.
    ridges: Vec<f32>,
    of_factors: Adam,
    of_biases: Adam,
    /// Slopes of the update at hand, `[n_items, dim]` and `[n_items]`.
    slopes: Vec<f32>,
    bias_slopes: Vec<f32>,
}

/// What one task found for its people.
struct Part {
    /// `[people, dim]`.
    people: Vec<f32>,
    /// `[m, dim]` and `[m]`.
    slopes: Vec<f32>,
    bias_slopes: Vec<f32>,
}

impl<'a> Items<'a> {
    /// Popularity as biases, and small random factors; zero for what nobody chose.
    fn new(
        likes: &InteractionMatrix,
        config: &'a SoftmaxConfig,
        rng: &mut StdRng,
    ) -> Result<Self, SoftmaxError> {
        let dim = config.dim;
        let mut counts = vec![0.0f32; likes.n_cols()];
        for user in 0..likes.n_rows() {
            let (items, confidences) = likes.row(user);
            for (&item, confidence) in items.iter().zip(confidences) {
                if let Some(count) = counts.get_mut(item as usize) {
                    *count += confidence;
                }
            }
        }
        let normal = Normal::new(0.0, config.init_scale).map_err(|_| SoftmaxError::Diverged)?;
        let mut factors = vec![0.0; counts.len() * dim];
        for (row, count) in factors.chunks_exact_mut(dim).zip(&counts) {
            if *count > 0.0 {
                row.iter_mut().for_each(|x| *x = normal.sample(rng));
            }
        }
        let share = config.item_regularization / likes.n_rows() as f32;
        Ok(Self {
            config,
            biases: counts.iter().map(|count| count.ln_1p()).collect(),
            chosen: chosen_items(&counts),
            ridges: counts.iter().map(|count| share * count.sqrt()).collect(),
            of_factors: Adam::new(factors.len(), config.learning_rate),
            of_biases: Adam::new(counts.len(), config.learning_rate),
            slopes: vec![0.0; factors.len()],
            bias_slopes: vec![0.0; counts.len()],
            factors,
            counts,
        })
    }

    fn update(
        &mut self,
        likes: &InteractionMatrix,
        batch: &[usize],
        done: usize,
    ) -> Result<(), SoftmaxError> {
        let dim = self.config.dim;
        let partition = Partition::new(&self.factors, &self.biases, &self.chosen, dim)?;
        let parts: Vec<Part> =
            batch.par_chunks(PEOPLE_PER_TASK).map(|people| self.part(likes, people, &partition)).collect();
        self.slopes.fill(0.0);
        self.bias_slopes.fill(0.0);
        for (part, people) in parts.iter().zip(batch.chunks(PEOPLE_PER_TASK)) {
            let rows = part.slopes.chunks_exact(dim).zip(&part.bias_slopes);
            for (at, (row, bias)) in rows.enumerate() {
                let Some(&item) = self.chosen.get(at) else { continue };
                self.add(item, 1.0, row, *bias);
            }
            for (person, &user) in part.people.chunks_exact(dim).zip(people) {
                let (items, confidences) = likes.row(user);
                for (&item, &confidence) in items.iter().zip(confidences) {
                    self.add(item, -confidence, person, -confidence);
                }
            }
        }
        let people = batch.len() as f32;
        let rows = self.slopes.chunks_exact_mut(dim).zip(self.factors.chunks_exact(dim));
        for ((slopes, row), ridge) in rows.zip(&self.ridges) {
            slopes.iter_mut().zip(row).for_each(|(slope, x)| *slope = *slope / people + ridge * x);
        }
        self.bias_slopes.iter_mut().for_each(|slope| *slope /= people);
        self.of_factors.step(&mut self.factors, &self.slopes, done);
        self.of_biases.step(&mut self.biases, &self.bias_slopes, done);
        Ok(())
    }

    fn add(&mut self, item: u32, scale: f32, row: &[f32], bias: f32) {
        let start = item as usize * self.config.dim;
        let slopes = self.slopes.get_mut(start..start + self.config.dim).unwrap_or_default();
        slopes.iter_mut().zip(row).for_each(|(sum, x)| *sum += scale * x);
        self.bias_slopes.get_mut(item as usize).into_iter().for_each(|sum| *sum += bias);
    }

    fn part(&self, likes: &InteractionMatrix, users: &[usize], partition: &Partition) -> Part {
        let dim = self.config.dim;
        let mut chosen = vec![0.0; users.len() * dim];
        let mut masses = Vec::with_capacity(users.len());
        for (sum, &user) in chosen.chunks_exact_mut(dim).zip(users) {
            let (items, confidences) = likes.row(user);
            for (&item, confidence) in items.iter().zip(confidences) {
                let start = item as usize * dim;
                let row = self.factors.get(start..start + dim).unwrap_or_default();
                sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += confidence * x);
            }
            masses.push(confidences.iter().sum::<f32>());
        }
        let people = partition.fold(&chosen, &masses, self.config);
        let mut shares = vec![0.0; users.len() * partition.len()];
        partition.probabilities(&people, &mut shares);
        for (row, mass) in shares.chunks_exact_mut(partition.len()).zip(&masses) {
            row.iter_mut().for_each(|share| *share *= mass);
        }
        let mut part = Part {
            slopes: vec![0.0; partition.len() * dim],
            bias_slopes: vec![0.0; partition.len()],
            people: Vec::new(),
        };
        partition.add_slopes(&shares, &people, &mut part.slopes, &mut part.bias_slopes);
        part.people = people;
        part
    }
}
