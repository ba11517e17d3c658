/// Returns the Gini coefficient of `values`, in `[0, 1]`: 0 if all are equal, close to 1 if one
/// value holds nearly the whole sum.
///
/// The formula is `2 * sum(i * x_i) / (n * sum x) - (n + 1) / n` over ascending `x` with `i` from
/// 1. Fewer than two values, or values that are all 0, give 0.
#[must_use]
pub fn gini(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let sum: f64 = values.iter().sum();
    if values.len() < 2 || sum <= 0.0 {
        return 0.0;
    }
    let mut ascending = values.to_vec();
    ascending.sort_by(f64::total_cmp);
    let ranked: f64 = ascending.iter().zip(1u32..).map(|(x, i)| f64::from(i) * x).sum();
    (2.0 * ranked / (n * sum) - (n + 1.0) / n).clamp(0.0, 1.0)
}

/// Returns the median, which is the mean of the middle two values for an even count and 0 for no
/// values.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let mut values = values.to_vec();
    let (is_odd, middle) = (values.len() % 2 == 1, values.len() / 2);
    let (lower, high, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let low = if is_odd { *high } else { lower.iter().copied().reduce(f64::max).unwrap_or(*high) };
    f64::midpoint(low, *high)
}

/// Returns the slope of the least-squares line through points `(x, y)`; 0 where all `x` are equal.
#[must_use]
pub fn slope(points: &[(f32, f32)]) -> f32 {
    let n = points.len().max(1) as f32;
    let (x, y) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0 / n, sum.1 + point.1 / n));
    let products: f32 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let squares: f32 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if squares > 0.0 { products / squares } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn gini_by_hand() {
        for (values, expected) in [
            (vec![], 0.0),
            (vec![3.0], 0.0),
            (vec![0.0, 0.0], 0.0),
            (vec![1.0, 1.0, 1.0], 0.0),
            (vec![0.0, 1.0], 0.5),
            (vec![4.0, 1.0, 3.0, 2.0], 0.25),
        ] {
            assert!((gini(&values) - expected).abs() < 1e-12, "{values:?}");
        }
    }

    #[test]
    fn median_by_hand() {
        for (values, expected) in
            [(vec![], 0.0), (vec![3.0], 3.0), (vec![9.0, 1.0], 5.0), (vec![9.0, 1.0, 2.0], 2.0)]
        {
            assert_eq!(median(&values), expected);
        }
    }

    proptest! {
        #[test]
        fn gini_is_the_mean_absolute_difference(values in prop::collection::vec(0.0..10.0f64, 2..30)) {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            prop_assume!(mean > 1e-6);
            let differences: f64 = values.iter().flat_map(|a| values.iter().map(move |b| (a - b).abs())).sum();
            prop_assert!((gini(&values) - differences / (2.0 * n * n * mean)).abs() < 1e-9);
        }
    }

    #[test]
    fn slopes_by_hand() {
        assert_eq!(slope(&[(0.0, 1.0), (1.0, 1.5), (2.0, 2.0)]), 0.5);
        assert_eq!(slope(&[(0.0, 1.0), (1.0, 0.0)]), -1.0);
        assert_eq!(slope(&[(0.5, 1.0), (0.5, 2.0)]) + slope(&[]), 0.0);
    }
}
