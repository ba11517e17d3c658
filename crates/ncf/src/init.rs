//! The start of training: ALS's ranking, at logits of sensible size.

use rand::rngs::StdRng;
use rand_distr::{Distribution, Normal};

use crate::data::TrainingData;
use crate::dense::{Dense, Layer, Matrix, Tower};
use crate::epoch::{self, Part};
use crate::positives::Positives;
use crate::table::TrainedTable;
use crate::{Loss, NcfConfig, NcfError};

/// Positives looked at to calibrate the first logits, at least.
const CALIBRATION_POSITIVES: usize = 4096;

/// The two tables with their training state.
pub(crate) struct Tables<'a> {
    pub item_gmf: TrainedTable<'a>,
    pub item_first: TrainedTable<'a>,
}

/// GMF item vectors start at the ALS factors. What an item adds to the MLP's first layer starts as a random map of its ALS
/// factor, of the size that the MLP's weights are made for.
///
/// # Errors
/// As [`dense`].
pub(crate) fn tables<'a>(
    data: &TrainingData<'a>,
    config: &NcfConfig,
    rng: &mut StdRng,
) -> Result<Tables<'a>, NcfError> {
    let (dim, width) = (config.dim, first_width(config));
    let map = he_normal(dim, width, first_inputs(data) * dim, rms_or_one(data.item_base), rng)?;
    let mut first = vec![0.0; data.n_items * width];
    for (out, factors) in first.chunks_exact_mut(width).zip(data.item_base.chunks_exact(dim)) {
        for (factor, weights) in factors.iter().zip(map.values.chunks_exact(width)) {
            out.iter_mut().zip(weights).for_each(|(out, weight)| *out += factor * weight);
        }
    }
    Ok(Tables {
        item_gmf: TrainedTable::new(dim, data.item_base.into()),
        item_first: TrainedTable::new(width, first.into()),
    })
}

/// User, item and features each contribute the same variance to the first layer.
fn first_inputs(data: &TrainingData<'_>) -> usize {
    if data.item_features.is_some() { 3 } else { 2 }
}

fn first_width(config: &NcfConfig) -> usize {
    config.layers.first().copied().unwrap_or(config.dim)
}

/// Dense weights: the MLP after He et al. 2015 (<https://arxiv.org/abs/1502.01852>) with an output of 0, so that it
/// has no say at first; GMF outputs all the same power of two.
///
/// # Errors
/// [`NcfError::Backend`] if the normal distribution cannot be made, which finite widths rule out.
pub(crate) fn dense(
    data: &TrainingData<'_>,
    config: &NcfConfig,
    positives: &Positives,
    rng: &mut StdRng,
) -> Result<Dense<Matrix>, NcfError> {
    let dim = config.dim;
    let (scale, bias) = calibrate(data, config, positives, rng)?;
    let (width, inputs) = (first_width(config), first_inputs(data));
    let first = |rows: usize, size: f32, rng: &mut StdRng| he_normal(rows, width, inputs * rows, size, rng);
    let first_user = first(dim, rms_or_one(data.user_base), rng)?;
    let first_feature = match data.item_features {
        Some(features) => Some(first(features.dim, rms_or_one(features.values), rng)?),
        None => None,
    };
    let hidden = config
        .layers
        .windows(2)
        .map(|pair| {
            let &[before, after] = pair else { return Ok(None) };
            let weight = he_normal(before, after, before, 1.0, rng)?;
            Ok(Some(Layer { weight, bias: Matrix::constant(1, after, 0.0) }))
        })
        .filter_map(Result::transpose)
        .collect::<Result<Vec<_>, NcfError>>()?;
    let last = config.layers.last().copied().unwrap_or(width);
    Ok(Dense {
        tower: Tower {
            first_user,
            first_bias: Matrix::constant(1, width, 0.0),
            hidden,
            out_gmf: Matrix::constant(1, dim, scale),
            out_mlp: Matrix::constant(last, 1, 0.0),
            out_bias: Matrix::constant(1, 1, bias),
        },
        first_feature,
    })
}

/// Scale and bias that turn ALS scores into logits, by linear discriminant analysis: positives and negatives taken as
/// two normal distributions of one variance, `scale = (mean⁺ - mean⁻) / variance`.
///
/// The scale is rounded to a power of two: multiplying by it loses no bit, so the order of scores is ALS's.
fn calibrate(
    data: &TrainingData<'_>,
    config: &NcfConfig,
    positives: &Positives,
    rng: &mut StdRng,
) -> Result<(f32, f32), NcfError> {
    let (mut good, mut bad) = (Moments::default(), Moments::default());
    let mut drawn = Vec::new();
    let users = epoch::parts(positives, data.n_users, CALIBRATION_POSITIVES, rng).into_iter().next();
    let part = Part::of(&users.unwrap_or_default(), data, positives, config.dim, rng)?;
    for &(entry, row) in &part.order {
        let base = &part.bases[row as usize * config.dim..][..config.dim];
        let (user, item) = positives.pair(entry as usize);
        good.add(dot_with(data.item_base, base, item));
        drawn.clear();
        positives.draw_negatives(user, 1, rng, &mut drawn);
        drawn.iter().for_each(|&negative| bad.add(dot_with(data.item_base, base, negative)));
    }
    let variance = (good.squared_deviations() + bad.squared_deviations()) / (good.count + bad.count).max(1.0);
    let gap = good.mean() - bad.mean();
    let scale = gap / variance;
    let exponent =
        if scale.is_finite() && scale > 0.0 { scale.log2().round().clamp(-20.0, 20.0) } else { 0.0 };
    let scale = exponent.exp2();
    let prior = -(config.negatives_per_positive as f64).ln();
    let bias = match config.loss {
        Loss::Bce => prior - scale * (good.mean() + bad.mean()) / 2.0,
        // These losses do not see a bias.
        Loss::Bpr | Loss::SampledSoftmax => 0.0,
    };
    Ok((scale as f32, bias as f32))
}

fn dot_with(table: &[f32], vector: &[f32], row: u32) -> f64 {
    let row = &table[row as usize * vector.len()..][..vector.len()];
    row.iter().zip(vector).map(|(a, b)| f64::from(a * b)).sum()
}

#[derive(Default)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn mean(&self) -> f64 {
        if self.count == 0.0 { 0.0 } else { self.sum / self.count }
    }

    fn squared_deviations(&self) -> f64 {
        (self.squares - self.sum * self.mean()).max(0.0)
    }
}

fn he_normal(
    rows: usize,
    cols: usize,
    fan_in: usize,
    input_rms: f32,
    rng: &mut StdRng,
) -> Result<Matrix, NcfError> {
    let deviation = (2.0 / fan_in as f32).sqrt() / input_rms;
    let normal = Normal::new(0.0, deviation)
        .map_err(|error| NcfError::Backend { what: "initial weights", reason: error.to_string() })?;
    Ok(Matrix { rows, cols, values: normal.sample_iter(rng).take(rows * cols).collect() })
}

/// Root mean square of the values; 1 where it is 0 or too small to divide by.
fn rms_or_one(values: &[f32]) -> f32 {
    let squares: f64 = values.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
    let rms = (squares / values.len().max(1) as f64).sqrt() as f32;
    if rms > 1e-12 { rms } else { 1.0 }
}
