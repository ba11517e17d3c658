use docent_domain::Experiment;
use docent_evaluation::RatioSums;
use docent_storage::{Marks, VariantFigures};

/// 95 % of a normal distribution lie within so many standard errors.
const WIDTH: f64 = 1.96;
/// With so many standard errors, a difference is found four times in five.
const POWER: f64 = 2.8;
/// Fewer people than this in a variant say nothing.
const FEWEST_PEOPLE: u64 = 100;
/// Nor do fewer marks, or fewer without one: the interval would not be what it says.
const FEWEST_MARKS: u64 = 10;

/// An experiment as it stands since it began.
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
    pub marks: Marks,
    /// Clicked of shown.
    pub ctr: Option<Interval>,
    /// Useful of rated.
    pub satisfaction: Option<Interval>,
}

/// A number, and the interval that holds it with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The number.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
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
    ratio: Option<(f64, f64)>,
}

impl Measured {
    fn interval(&self) -> Option<Interval> {
        let (value, error) = self.ratio?;
        let (low, high) = ((value - WIDTH * error).max(0.0), (value + WIDTH * error).min(1.0));
        Some(Interval { value, low, high })
    }

    fn missing(&self, variant: &str, what: &str) -> Option<String> {
        if self.people < FEWEST_PEOPLE {
            return Some(format!("{variant} has {} people, {FEWEST_PEOPLE} are needed", self.people));
        }
        let (marked, unmarked) = (self.marked, self.unmarked);
        (marked.min(unmarked) < FEWEST_MARKS).then(|| {
            format!("{variant} has {marked} {what} and {unmarked} not, {FEWEST_MARKS} of each are needed")
        })
    }
}

const METRICS: [(&str, &str); 2] = [("ctr", "clicked"), ("satisfaction", "useful")];

fn measured(figures: Option<&VariantFigures>) -> [Measured; 2] {
    let of = |people: u64, whole: u64, part: u64, [xx, yy, xy]: [f64; 3]| {
        let sums = RatioSums { n: people as f64, x: whole as f64, y: part as f64, xx, yy, xy };
        Measured { people, marked: part, unmarked: whole.saturating_sub(part), ratio: sums.ratio() }
    };
    let nothing = || of(0, 0, 0, [0.0; 3]);
    figures.map_or_else(
        || [nothing(), nothing()],
        |f| {
            let Marks { shown, clicked, rated, useful } = f.marks;
            [of(f.people, shown, clicked, f.clicks), of(f.raters, rated, useful, f.verdicts)]
        },
    )
}

/// Compares the variants of an experiment by what is known of them.
pub(super) fn report(experiment: &Experiment, figures: &[VariantFigures]) -> ExperimentReport {
    let of = |name: &str| figures.iter().find(|figures| figures.variant == name);
    let measured: Vec<(&str, [Measured; 2])> =
        experiment.variants.iter().map(|v| (v.name.as_str(), measured(of(&v.name)))).collect();
    let variants = measured.iter().map(|(name, [clicks, verdicts])| VariantReport {
        name: (*name).to_owned(),
        people: clicks.people,
        marks: of(name).map(|figures| figures.marks).unwrap_or_default(),
        ctr: clicks.interval(),
        satisfaction: verdicts.interval(),
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

fn compare(
    (name, other): (&str, &Measured),
    (against, base): (&str, &Measured),
    (metric, what): (&'static str, &str),
) -> Comparison {
    let missing = base.missing(against, what).or_else(|| other.missing(name, what));
    let both = other.ratio.zip(base.ratio);
    let error = both.map(|(other, base)| other.1.hypot(base.1));
    let difference = both.zip(error).map(|((other, base), error)| {
        let value = other.0 - base.0;
        Interval { value, low: value - WIDTH * error, high: value + WIDTH * error }
    });
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
        detectable: error.map(|error| POWER * error),
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
    fn figures(variant: &str, people: u64, clickers: u64) -> VariantFigures {
        let marks = Marks { shown: people * 10, clicked: clickers * 2, rated: 0, useful: 0 };
        let clicks = [people as f64 * 100.0, clickers as f64 * 4.0, clickers as f64 * 20.0];
        VariantFigures { variant: variant.into(), people, marks, clicks, raters: 0, verdicts: [0.0; 3] }
    }

    fn ctr(old: (u64, u64), new: (u64, u64)) -> (ExperimentReport, Comparison) {
        let figures = [figures("new", new.0, new.1), figures("old", old.0, old.1)];
        let report = report(&experiment(), &figures);
        let of_clicks = report.comparisons.iter().find(|c| c.metric == "ctr").cloned().unwrap();
        (report, of_clicks)
    }

    #[test]
    fn the_interval_is_over_people_and_not_over_impressions() {
        let (report, _) = ctr((400, 200), (400, 100));
        let old = report.variants[0].ctr.unwrap();
        // Each person's rate is 0.2 or 0: mean 0.1, standard deviation 0.1, by hand.
        let half = 1.96 * (0.1 * (400.0f64 / 399.0).sqrt()) / 20.0;
        assert!((old.value - 0.1).abs() < 1e-12);
        assert!((old.high - (0.1 + half)).abs() < 1e-9 && (old.low - (0.1 - half)).abs() < 1e-9, "{old:?}");
    }

    #[test]
    fn a_difference_is_found_where_the_interval_says_so() {
        for (old, new, finding) in [
            ((400, 100), (400, 200), Finding::Better),
            ((400, 200), (400, 100), Finding::Worse),
            ((400, 200), (400, 205), Finding::NoDifferenceSeen),
            ((99, 50), (400, 205), Finding::NotEnoughData),
            ((400, 200), (400, 4), Finding::NotEnoughData),
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
