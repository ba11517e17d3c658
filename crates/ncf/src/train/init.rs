//! Initial weights: the ranking of ALS, at logits of the right scale.

use rand::rngs::StdRng;
use rand_distr::{Distribution, Normal};

use super::data::TrainingData;
use super::dense::Dense;
use super::epoch::{self, Part};
use super::positives::Positives;
use super::table::TrainedTable;
use crate::weights::{Layer, Matrix, Tower};
use crate::{Loss, NcfConfig, NcfError};

/// Positives sampled to calibrate the initial logits.
const MIN_CALIBRATION_POSITIVES: usize = 4096;

/// The two item tables with their training state.
pub(crate) struct Tables<'a> {
    /// `[n_items, dim]`
    pub item_gmf: TrainedTable<'a>,
    /// `[n_items, layers[0]]`
    pub item_first: TrainedTable<'a>,
}

/// Creates the item tables. GMF vectors start at the ALS factors. The items' part of the first
/// layer starts as a random linear map of the ALS factors, scaled like the other inputs of that
/// layer.
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

/// Returns the number of inputs of the first layer: user, item and perhaps features. Each
/// contributes the same variance.
fn first_inputs(data: &TrainingData<'_>) -> usize {
    if data.item_features.is_some() { 3 } else { 2 }
}

fn first_width(config: &NcfConfig) -> usize {
    config.layers.first().copied().unwrap_or(config.dim)
}

/// Creates the dense weights. The hidden layers follow He et al. 2015
/// (<https://arxiv.org/abs/1502.01852>). The output weights of the MLP are 0, so that it does not
/// contribute at first; all output weights of the GMF branch are the same power of two.
///
/// # Errors
/// Errors of the leave-one-out source; [`NcfError::Backend`] for a standard deviation that is not
/// finite, which finite inputs rule out.
pub(crate) fn dense(
    data: &TrainingData<'_>,
    config: &NcfConfig,
    positives: &Positives,
    rng: &mut StdRng,
) -> Result<Dense<Matrix>, NcfError> {
    let dim = config.dim;
    let (scale, bias) = calibrate(data, config, positives, rng)?;
    let (width, inputs) = (first_width(config), first_inputs(data));
    let first_user = he_normal(dim, width, inputs * dim, rms_or_one(data.user_base), rng)?;
    let first_feature = match data.item_features {
        Some(features) => {
            let rms = rms_or_one(features.values);
            Some(he_normal(features.dim, width, inputs * features.dim, rms, rng)?)
        }
        None => None,
    };
    let mut hidden = Vec::new();
    for (&before, &after) in config.layers.iter().zip(config.layers.iter().skip(1)) {
        let weight = he_normal(before, after, before, 1.0, rng)?;
        hidden.push(Layer { weight, bias: Matrix::constant(1, after, 0.0) });
    }
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

/// Computes the scale and the bias that turn ALS scores into logits, by linear discriminant
/// analysis.
///
/// The scores of positives and of negatives are treated as two normal distributions with the same
/// variance: `scale = (mean⁺ - mean⁻) / variance`, `bias = -ln(negatives_per_positive) - scale ·
/// (mean⁺ + mean⁻) / 2`. The scale is rounded to a power of two; multiplying by it is exact, so the
/// order of the scores stays that of ALS.
fn calibrate(
    data: &TrainingData<'_>,
    config: &NcfConfig,
    positives: &Positives,
    rng: &mut StdRng,
) -> Result<(f32, f32), NcfError> {
    let (mut good, mut bad) = (Moments::default(), Moments::default());
    let mut drawn = Vec::new();
    let users = epoch::parts(positives, data.n_users, MIN_CALIBRATION_POSITIVES, rng).into_iter().next();
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
        // These losses depend on differences of logits only.
        Loss::Bpr | Loss::SampledSoftmax => 0.0,
    };
    Ok((scale as f32, bias as f32))
}

/// Dot product of `vector` and row `row` of `table`, summed in double precision.
fn dot_with(table: &[f32], vector: &[f32], row: u32) -> f64 {
    let row = &table[row as usize * vector.len()..][..vector.len()];
    row.iter().zip(vector).map(|(a, b)| f64::from(a * b)).sum()
}

/// Running count, sum and sum of squares.
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

/// Draws a matrix of normal values with variance `2 / fan_in` (He et al. 2015), for inputs whose
/// root mean square is `input_rms` instead of 1.
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

/// Returns the root mean square of the values, or 1 if it is too small to divide by.
fn rms_or_one(values: &[f32]) -> f32 {
    let squares: f64 = values.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
    let rms = (squares / values.len().max(1) as f64).sqrt() as f32;
    if rms > 1e-12 { rms } else { 1.0 }
}
