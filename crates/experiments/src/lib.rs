//! Compares the variants of an experiment: rates of clicks and of useful verdicts with intervals
//! over users, and differences from the control.
//!
//! This crate must never read a store or a clock: the caller brings the sums.
#![forbid(unsafe_code)]

use docent_domain::Experiment;
use docent_evaluation::{
    RatioSums,
    interval::{Interval, Z_95, detectable_difference, difference},
};
use docent_storage::{FeedbackCounts, VariantRollup};

/// Minimum number of users in each variant of a comparison.
const MIN_USERS: u64 = 100;
/// Minimum number of positive and of negative outcomes in both variants together.
const MIN_OUTCOMES: u64 = 10;

/// Report of an experiment over a window.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentReport {
    /// Name of the experiment.
    pub name: String,
    /// Variants in the configured order; the first is the control.
    pub variants: Vec<VariantReport>,
    /// Comparisons of the other variants with the control.
    pub comparisons: Vec<Comparison>,
}

/// Outcomes of the impressions of one variant.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantReport {
    /// Name of the variant.
    pub name: String,
    /// Number of users with an impression.
    pub users: u64,
    /// Numbers of impressions by outcome.
    pub counts: FeedbackCounts,
    /// Share of impressions that were clicked.
    pub ctr: Option<Interval>,
    /// Share of verdicts that were useful.
    pub satisfaction: Option<Interval>,
}

/// Conclusion from a comparison at 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// There is not enough data.
    NotEnoughData,
    /// The interval of the difference is above 0.
    Better,
    /// The interval of the difference is below 0.
    Worse,
    /// The interval of the difference contains 0.
    NoDifferenceSeen,
}

impl Finding {
    /// Returns the name, for example `not_enough_data`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotEnoughData => "not_enough_data",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoDifferenceSeen => "no_difference_seen",
        }
    }
}

/// Comparison of one variant with the control in one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Name of the variant.
    pub variant: String,
    /// Name of the control.
    pub against: String,
    /// Name of the metric: `ctr` or `satisfaction`.
    pub metric: &'static str,
    /// Value of the variant minus that of the control; `None` unless both are known.
    pub difference: Option<Interval>,
    /// Conclusion from the interval of the difference.
    pub finding: Finding,
    /// Data that is missing for a conclusion.
    pub missing: Option<String>,
    /// Smallest difference that this amount of data would detect with a power of 80 %.
    pub detectable: Option<f64>,
}

/// Trials of one metric in one variant.
struct Trials {
    users: u64,
    positive: u64,
    negative: u64,
    interval: Option<Interval>,
}

impl Trials {
    /// Summarises `whole` trials of `users` users, `part` of which have a positive outcome.
    /// `squares` are the sums over users of `whole²`, `part²` and `whole * part`.
    fn new(users: u64, whole: u64, part: u64, squares: [f64; 3]) -> Self {
        let [xx, yy, xy] = squares;
        let sums = RatioSums { n: users as f64, x: whole as f64, y: part as f64, xx, yy, xy };
        let interval = sums.score_interval(Z_95);
        Self { users, positive: part, negative: whole.saturating_sub(part), interval }
    }
}

/// Names of the metrics, each with its positive outcome.
const METRICS: [(&str, &str); 2] = [("ctr", "clicked"), ("satisfaction", "useful")];

/// Returns the trials of a variant in the order of [`METRICS`].
fn trials(rollup: Option<&VariantRollup>) -> [Trials; 2] {
    let Some(rollup) = rollup else {
        return [Trials::new(0, 0, 0, [0.0; 3]), Trials::new(0, 0, 0, [0.0; 3])];
    };
    let FeedbackCounts { shown, clicked, rated, useful } = rollup.counts;
    [
        Trials::new(rollup.users, shown, clicked, rollup.clicks),
        Trials::new(rollup.raters, rated, useful, rollup.verdicts),
    ]
}

/// Compares the variants of an experiment by their rollups.
#[must_use]
pub fn report(experiment: &Experiment, rollups: &[VariantRollup]) -> ExperimentReport {
    let mut variants = Vec::with_capacity(experiment.variants.len());
    let mut measured: Vec<(&str, [Trials; 2])> = Vec::with_capacity(experiment.variants.len());
    for variant in &experiment.variants {
        let rollup = rollups.iter().find(|rollup| rollup.variant == variant.name);
        let [clicks, verdicts] = trials(rollup);
        variants.push(VariantReport {
            name: variant.name.clone(),
            users: clicks.users,
            counts: rollup.map(|rollup| rollup.counts).unwrap_or_default(),
            ctr: clicks.interval,
            satisfaction: verdicts.interval,
        });
        measured.push((&variant.name, [clicks, verdicts]));
    }
    let mut comparisons = Vec::new();
    if let Some(((against, control), others)) = measured.split_first() {
        for (name, other) in others {
            for (metric, (other, control)) in METRICS.into_iter().zip(other.iter().zip(control)) {
                comparisons.push(compare((name, other), (against, control), metric));
            }
        }
    }
    ExperimentReport { name: experiment.name.clone(), variants, comparisons }
}

/// Describes the data that is missing to compare two variants.
fn missing(sides: [(&str, &Trials); 2], outcome: &str) -> Option<String> {
    for (variant, Trials { users, .. }) in sides {
        if *users < MIN_USERS {
            return Some(format!("{variant} has {users} users, expected at least {MIN_USERS}"));
        }
    }
    let [(one, control), (two, other)] = sides;
    let (positive, negative) = (control.positive + other.positive, control.negative + other.negative);
    (positive.min(negative) < MIN_OUTCOMES).then(|| {
        format!(
            "{one} and {two} together have {positive} outcomes that are {outcome} and {negative} that are not, expected at least {MIN_OUTCOMES} of each"
        )
    })
}

fn compare(
    (name, other): (&str, &Trials),
    (against, control): (&str, &Trials),
    (metric, outcome): (&'static str, &str),
) -> Comparison {
    let missing = missing([(against, control), (name, other)], outcome);
    let difference = other.interval.zip(control.interval).map(|(other, control)| difference(other, control));
    let finding = match difference {
        Some(difference) if missing.is_none() => {
            if difference.low > 0.0 {
                Finding::Better
            } else if difference.high < 0.0 {
                Finding::Worse
            } else {
                Finding::NoDifferenceSeen
            }
        }
        _ => Finding::NotEnoughData,
    };
    Comparison {
        variant: name.to_owned(),
        against: against.to_owned(),
        metric,
        difference,
        finding,
        missing,
        detectable: difference.map(detectable_difference),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment() -> Experiment {
        serde_json::from_str(
            r#"{"name": "x", "variants": [{"name": "old", "share": 0.5}, {"name": "new", "share": 0.5}]}"#,
        )
        .unwrap()
    }

    /// Users with ten impressions each; the first `clickers` click two of them, the others none.
    fn rollup(variant: &str, users: u64, clickers: u64) -> VariantRollup {
        let counts = FeedbackCounts { shown: users * 10, clicked: clickers * 2, rated: 0, useful: 0 };
        let clicks = [users as f64 * 100.0, clickers as f64 * 4.0, clickers as f64 * 20.0];
        VariantRollup { variant: variant.into(), users, counts, clicks, raters: 0, verdicts: [0.0; 3] }
    }

    fn ctr(old: (u64, u64), new: (u64, u64)) -> (ExperimentReport, Comparison) {
        let rollups = [rollup("new", new.0, new.1), rollup("old", old.0, old.1)];
        let report = report(&experiment(), &rollups);
        let of_clicks = report.comparisons.iter().find(|c| c.metric == "ctr").cloned().unwrap();
        (report, of_clicks)
    }

    #[test]
    fn the_interval_is_over_users_and_not_over_impressions() {
        let (report, found) = ctr((400, 200), (400, 0));
        let old = report.variants[0].ctr.unwrap();
        // Each user's rate is 0.2 or 0, a variance of 0.01: 0.1 * 0.9 / (0.01 / 400) is 3,600
        // trials.
        assert!((old.value - 0.1).abs() < 1e-12);
        assert!((old.low - 0.090_622_3).abs() < 1e-6 && (old.high - 0.110_230_4).abs() < 1e-6, "{old:?}");
        // None of 400 users: 3.8416 / (400 + 3.8416).
        let new = report.variants[1].ctr.unwrap();
        assert!((new.value, new.low) == (0.0, 0.0) && (new.high - 0.009_512_6).abs() < 1e-6, "{new:?}");
        // By Newcombe: -0.1 - 0.0102304, and -0.1 + the root of 0.0095126² + 0.0093777².
        let difference = found.difference.unwrap();
        assert!((difference.low + 0.110_230_4).abs() < 1e-6, "{difference:?}");
        assert!((difference.high + 0.086_642_2).abs() < 1e-6, "{difference:?}");
    }

    #[test]
    fn an_interval_has_a_width_even_if_all_outcomes_agree() {
        for clickers in [0, 30] {
            let mut of_one = rollup("old", 30, clickers);
            of_one.counts.clicked = clickers * 10;
            of_one.clicks = [3_000.0, clickers as f64 * 100.0, clickers as f64 * 100.0];
            let found =
                report(&experiment(), &[of_one.clone(), VariantRollup { variant: "new".into(), ..of_one }]);
            let ctr = found.variants[0].ctr.unwrap();
            // 3.8416 / (30 + 3.8416): for 30 users whose outcomes agree.
            assert!((ctr.high - ctr.low - 0.113_517_1).abs() < 1e-6, "{ctr:?}");
            let compared = &found.comparisons[0];
            assert_eq!(compared.finding, Finding::NotEnoughData);
            assert!(compared.detectable.unwrap() > 0.1, "{compared:?}");
        }
    }

    #[test]
    fn a_difference_is_found_if_its_interval_excludes_0() {
        for (old, new, finding) in [
            ((400, 100), (400, 200), Finding::Better),
            ((400, 200), (400, 100), Finding::Worse),
            ((400, 200), (400, 205), Finding::NoDifferenceSeen),
            ((99, 50), (400, 205), Finding::NotEnoughData),
            ((400, 200), (400, 4), Finding::Worse),
            ((400, 200), (400, 0), Finding::Worse),
            ((400, 0), (400, 4), Finding::NotEnoughData),
            ((400, 2), (400, 4), Finding::NoDifferenceSeen),
            ((400, 200), (0, 0), Finding::NotEnoughData),
        ] {
            let (_, found) = ctr(old, new);
            assert_eq!(found.finding, finding, "{found:?}");
            assert_eq!(found.missing.is_some(), finding == Finding::NotEnoughData, "{found:?}");
        }
        let (report, found) = ctr((99, 50), (400, 205));
        assert_eq!(found.missing.as_deref(), Some("old has 99 users, expected at least 100"));
        let of_verdicts = report.comparisons.iter().find(|c| c.metric == "satisfaction").unwrap();
        assert_eq!((of_verdicts.finding, of_verdicts.difference), (Finding::NotEnoughData, None));
    }
}
