use std::fmt::Write;

use crate::names;

/// One number under its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The metric, one of [`names`](crate::names) and no histogram.
    pub metric: &'static str,
    /// Its labels.
    pub labels: Vec<(&'static str, String)>,
    /// The number.
    pub value: f64,
}

impl Sample {
    /// A number without labels.
    #[must_use]
    pub fn new(metric: &'static str, value: f64) -> Self {
        Self { metric, labels: Vec::new(), value }
    }

    /// The same under one label more.
    #[must_use]
    pub fn with(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.labels.push((label, value.into()));
        self
    }
}

/// Samples in the text format of Prometheus, each metric with its help and type.
#[must_use]
pub fn render_samples(samples: &[Sample]) -> String {
    let mut text = String::new();
    let mut told: Vec<&str> = Vec::new();
    for sample in samples {
        if told.contains(&sample.metric) {
            continue;
        }
        told.push(sample.metric);
        render_metric(&mut text, sample.metric, samples);
    }
    text
}

fn render_metric(text: &mut String, name: &str, samples: &[Sample]) {
    // Writing to a string does not fail.
    if let Some(metric) = names::metric(name) {
        let _ = writeln!(text, "# HELP {name} {}", metric.help);
        let _ = writeln!(text, "# TYPE {name} {}", metric.kind.as_str());
    }
    for sample in samples.iter().filter(|sample| sample.metric == name) {
        let labels: Vec<String> =
            sample.labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        // Adding 0 takes the sign off a zero that came of summing nothing.
        let _ = writeln!(text, "{name}{labels} {}", sample.value + 0.0);
    }
    text.push('\n');
}

/// What [`render_samples`] wrote. Lines that are of no metric of [`names`](crate::names), or that cannot be read, are left
/// out.
#[must_use]
pub fn parse_samples(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(parse_sample).collect()
}

fn parse_sample(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, mut rest) = series.split_once('{').unwrap_or((series, "}"));
    let metric = names::metric(name)?;
    let mut sample = Sample::new(metric.name, value.parse().ok()?);
    while rest != "}" {
        let (name, quoted) = rest.trim_start_matches(',').split_once("=\"")?;
        let label = metric.labels.iter().find(|label| label.name == name)?;
        let (value, after) = unescaped(quoted)?;
        sample = sample.with(label.name, value);
        rest = after;
    }
    Some(sample)
}

/// A value up to its closing quote, and what comes after that.
fn unescaped(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    loop {
        match characters.next()? {
            (end, '"') => return Some((value, quoted.get(end + 1..)?)),
            (_, '\\') => value.push(match characters.next()?.1 {
                'n' => '\n',
                character => character,
            }),
            (_, character) => value.push(character),
        }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::{Sample, parse_samples, render_samples};
    use crate::names;

    #[test]
    fn samples_of_one_metric_stand_together_under_its_help() {
        let judged = |model, value| {
            Sample::new(names::MODEL_HOLDOUT, value).with("model", model).with("metric", "ndcg")
        };
        let samples = [judged("als", 0.25), Sample::new(names::MODEL_USERS, 3.0), judged("a\"b\\", 0.5)];
        let text = render_samples(&samples);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("# HELP")).collect();
        assert_eq!(
            lines,
            [
                "# TYPE docent_model_holdout_ratio gauge",
                r#"docent_model_holdout_ratio{model="als",metric="ndcg"} 0.25"#,
                r#"docent_model_holdout_ratio{model="a\"b\\",metric="ndcg"} 0.5"#,
                "",
                "# TYPE docent_model_users gauge",
                "docent_model_users 3",
                "",
            ]
        );
        assert!(text.starts_with("# HELP docent_model_holdout_ratio How good"), "{text}");
    }

    #[test]
    fn what_was_rendered_is_read_back_and_what_is_not_ours_is_left_out() {
        let judged =
            |model: &str| Sample::new(names::MODEL_HOLDOUT, 0.25).with("model", model).with("metric", "ndcg");
        let samples =
            [judged("als"), judged("a\"b\\,c=\"}\n d"), Sample::new(names::MODEL_CREATED, 1_800_000_000.125)];
        let text = render_samples(&samples);
        assert_eq!(parse_samples(&text), samples);
        for broken in
            ["", "docent_model_users", "docent_model_users x", "other 1", "docent_model_users{x=\"1\"} 1"]
        {
            assert_eq!(parse_samples(broken), [], "{broken}");
        }
        // Written no further than this.
        assert_eq!(parse_samples("docent_model_holdout_ratio{model=\"als 1"), []);
    }
}
