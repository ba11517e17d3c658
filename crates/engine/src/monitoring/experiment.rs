use docent_domain::Experiment;
use docent_evaluation::{
    RatioSums,
    interval::{Interval, Z_95, detectable_difference, difference},
};
use docent_storage::{FeedbackCounts, VariantRollup};

/// Fewer people than this in a variant say nothing.
const FEWEST_PEOPLE: u64 = 100;
/// Nor do fewer marks in both variants together, or fewer without one.
const FEWEST_MARKS: u64 = 10;

/// An experiment as it stands in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentReport {
    /// Its name.
    pub name: String,
    /// Its variants, as configured; the first is what the others are compared with.
    pub variants: Vec<VariantReport>,
    /// The others against the first.
    pub comparisons: Vec<Comparison>,
}

/// What came of what a variant showed.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantReport {
    /// Its name.
    pub name: String,
    /// How many people were shown something.
    pub people: u64,
    /// What came of it.
    pub counts: FeedbackCounts,
    /// Clicked of shown.
    pub ctr: Option<Interval>,
    /// Useful of rated.
    pub satisfaction: Option<Interval>,
}

/// What can be said of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Nothing yet.
    NotEnoughData,
    /// The interval of the difference is above 0.
    Better,
    /// It is below 0.
    Worse,
    /// It holds 0.
    NoDifferenceSeen,
}

impl Finding {
    /// The name on the wire.
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

/// One variant against the first, in one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The variant.
    pub variant: String,
    /// The first.
    pub against: String,
    /// `ctr` or `satisfaction`.
    pub metric: &'static str,
    /// The variant's less that of the first, where both are known.
    pub difference: Option<Interval>,
    /// What can be said.
    pub finding: Finding,
    /// What is missing, where it is not enough.
    pub missing: Option<String>,
    /// The least difference that so much data would show four times in five.
    pub detectable: Option<f64>,
}

/// One metric of one variant.
struct Measured {
    people: u64,
    marked: u64,
    unmarked: u64,
    interval: Option<Interval>,
}

const METRICS: [(&str, &str); 2] = [("ctr", "clicked"), ("satisfaction", "useful")];

fn measured(figures: Option<&VariantRollup>) -> [Measured; 2] {
    let of = |people: u64, whole: u64, part: u64, [xx, yy, xy]: [f64; 3]| {
        let sums = RatioSums { n: people as f64, x: whole as f64, y: part as f64, xx, yy, xy };
        let interval = sums.score_interval(Z_95);
        Measured { people, marked: part, unmarked: whole.saturating_sub(part), interval }
    };
    let nothing = || of(0, 0, 0, [0.0; 3]);
    figures.map_or_else(
        || [nothing(), nothing()],
        |f| {
            let FeedbackCounts { shown, clicked, rated, useful } = f.counts;
            [of(f.users, shown, clicked, f.clicks), of(f.raters, rated, useful, f.verdicts)]
        },
    )
}

/// Compares the variants of an experiment by what is known of them.
pub(super) fn report(experiment: &Experiment, figures: &[VariantRollup]) -> ExperimentReport {
    let of = |name: &str| figures.iter().find(|figures| figures.variant == name);
    let measured: Vec<(&str, [Measured; 2])> =
        experiment.variants.iter().map(|v| (v.name.as_str(), measured(of(&v.name)))).collect();
    let variants = measured.iter().map(|(name, [clicks, verdicts])| VariantReport {
        name: (*name).to_owned(),
        people: clicks.people,
        counts: of(name).map(|figures| figures.counts).unwrap_or_default(),
        ctr: clicks.interval,
        satisfaction: verdicts.interval,
    });
    let comparisons = measured.split_first().map(|((against, base), others)| {
        let compared = others.iter().flat_map(|(name, other)| {
            let pairs = METRICS.iter().zip(other.iter().zip(base));
            pairs.map(|(metric, (other, base))| compare((*name, other), (*against, base), *metric))
        });
        compared.collect()
    });
    ExperimentReport {
        name: experiment.name.clone(),
        variants: variants.collect(),
        comparisons: comparisons.unwrap_or_default(),
    }
}

/// What keeps two variants from being compared.
fn missing(sides: [(&str, &Measured); 2], what: &str) -> Option<String> {
    for (variant, Measured { people, .. }) in sides {
        if *people < FEWEST_PEOPLE {
            return Some(format!("{variant} has {people} people, {FEWEST_PEOPLE} are needed"));
        }
    }
    let [(one, base), (two, other)] = sides;
    let (marked, unmarked) = (base.marked + other.marked, base.unmarked + other.unmarked);
    (marked.min(unmarked) < FEWEST_MARKS).then(|| {
        format!(
            "{one} and {two} have {marked} {what} and {unmarked} not together, {FEWEST_MARKS} of each are needed"
        )
    })
}

fn compare(
    (name, other): (&str, &Measured),
    (against, base): (&str, &Measured),
    (metric, what): (&'static str, &str),
) -> Comparison {
    let missing = missing([(against, base), (name, other)], what);
    let difference = other.interval.zip(base.interval).map(|(other, base)| difference(other, base));
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

    /// People who are shown ten each, of whom the first so many click two and the others none.
    fn figures(variant: &str, people: u64, clickers: u64) -> VariantRollup {
        let counts = FeedbackCounts { shown: people * 10, clicked: clickers * 2, rated: 0, useful: 0 };
        let clicks = [people as f64 * 100.0, clickers as f64 * 4.0, clickers as f64 * 20.0];
        VariantRollup { variant: variant.into(), users: people, counts, clicks, raters: 0, verdicts: [0.0; 3] }
    }

    fn ctr(old: (u64, u64), new: (u64, u64)) -> (ExperimentReport, Comparison) {
        let figures = [figures("new", new.0, new.1), figures("old", old.0, old.1)];
        let report = report(&experiment(), &figures);
        let of_clicks = report.comparisons.iter().find(|c| c.metric == "ctr").cloned().unwrap();
        (report, of_clicks)
    }

    #[test]
    fn the_interval_is_over_people_and_not_over_impressions() {
        let (report, found) = ctr((400, 200), (400, 0));
        let old = report.variants[0].ctr.unwrap();
        // Each person's rate is 0.2 or 0, a variance of 0.01: 0.1 * 0.9 / (0.01 / 400) is 3,600 trials.
        assert!((old.value - 0.1).abs() < 1e-12);
        assert!((old.low - 0.090_622_3).abs() < 1e-6 && (old.high - 0.110_230_4).abs() < 1e-6, "{old:?}");
        // None of 400 people: 3.8416 / (400 + 3.8416).
        let new = report.variants[1].ctr.unwrap();
        assert!((new.value, new.low) == (0.0, 0.0) && (new.high - 0.009_512_6).abs() < 1e-6, "{new:?}");
        // By Newcombe: -0.1 - 0.0102304, and -0.1 + the root of 0.0095126² + 0.0093777².
        let difference = found.difference.unwrap();
        assert!((difference.low + 0.110_230_4).abs() < 1e-6, "{difference:?}");
        assert!((difference.high + 0.086_642_2).abs() < 1e-6, "{difference:?}");
    }

    #[test]
    fn where_all_outcomes_agree_the_interval_still_has_a_width() {
        for clickers in [0, 30] {
            let mut of_one = figures("old", 30, clickers);
            of_one.counts.clicked = clickers * 10;
            of_one.clicks = [3_000.0, clickers as f64 * 100.0, clickers as f64 * 100.0];
            let found =
                report(&experiment(), &[of_one.clone(), VariantRollup { variant: "new".into(), ..of_one }]);
            let ctr = found.variants[0].ctr.unwrap();
            // 3.8416 / (30 + 3.8416): of 30 people who agree.
            assert!((ctr.high - ctr.low - 0.113_517_1).abs() < 1e-6, "{ctr:?}");
            let compared = &found.comparisons[0];
            assert_eq!(compared.finding, Finding::NotEnoughData);
            assert!(compared.detectable.unwrap() > 0.1, "{compared:?}");
        }
    }

    #[test]
    fn a_difference_is_found_where_the_interval_says_so() {
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
        assert_eq!(found.missing.as_deref(), Some("old has 99 people, 100 are needed"));
        let of_verdicts = report.comparisons.iter().find(|c| c.metric == "satisfaction").unwrap();
        assert_eq!((of_verdicts.finding, of_verdicts.difference), (Finding::NotEnoughData, None));
    }
}
