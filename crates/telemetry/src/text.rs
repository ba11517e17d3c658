use std::fmt::Write;

use crate::names;

/// A value of a metric with its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name of the metric: one of [`names`](crate::names), but not a histogram.
    pub metric: &'static str,
    /// Names and values of the labels.
    pub labels: Vec<(&'static str, String)>,
    /// Value of the sample.
    pub value: f64,
}

impl Sample {
    /// Creates a sample without labels.
    #[must_use]
    pub fn new(metric: &'static str, value: f64) -> Self {
        Self { metric, labels: Vec::new(), value }
    }

    /// Adds a label.
    #[must_use]
    pub fn with(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.labels.push((label, value.into()));
        self
    }
}

/// Renders samples in the text format of Prometheus, each metric with its help text and type.
#[must_use]
pub fn render_samples(samples: &[Sample]) -> String {
    let mut text = String::new();
    let mut rendered: Vec<&str> = Vec::new();
    for sample in samples {
        if rendered.contains(&sample.metric) {
            continue;
        }
        rendered.push(sample.metric);
        render_metric(&mut text, sample.metric, samples);
    }
    text
}

fn render_metric(text: &mut String, name: &str, samples: &[Sample]) {
    // Writing to a string cannot fail.
    if let Some(metric) = names::metric(name) {
        let _ = writeln!(text, "# HELP {name} {}", metric.help);
        let _ = writeln!(text, "# TYPE {name} {}", metric.kind.as_str());
    }
    for sample in samples.iter().filter(|sample| sample.metric == name) {
        let labels: Vec<String> =
            sample.labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        // Adding 0 turns the -0.0 of an empty sum into 0.
        let _ = writeln!(text, "{name}{labels} {}", sample.value + 0.0);
    }
    text.push('\n');
}

/// Parses the output of [`render_samples`]. Lines that cannot be parsed, or whose metric is not in
/// [`names`](crate::names), are left out.
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

/// Returns the value up to its closing quote, and the rest of the text.
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

    fn holdout(model: &str, value: f64) -> Sample {
        Sample::new(names::MODEL_HOLDOUT, value).with("model", model).with("metric", "ndcg")
    }

    #[test]
    fn samples_of_one_metric_stand_together_under_its_help() {
        let samples = [holdout("als", 0.25), Sample::new(names::MODEL_USERS, 3.0), holdout("a\"b\\", 0.5)];
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
        assert!(text.starts_with("# HELP docent_model_holdout_ratio Accuracy"), "{text}");
    }

    #[test]
    fn rendered_samples_are_read_back_and_other_lines_are_left_out() {
        let samples = [
            holdout("als", 0.25),
            holdout("a\"b\\,c=\"}\n d", 0.25),
            Sample::new(names::MODEL_CREATED, 1_800_000_000.125),
        ];
        let text = render_samples(&samples);
        assert_eq!(parse_samples(&text), samples);
        for broken in
            ["", "docent_model_users", "docent_model_users x", "other 1", "docent_model_users{x=\"1\"} 1"]
        {
            assert_eq!(parse_samples(broken), [], "{broken}");
        }
        // A line that was written in part.
        assert_eq!(parse_samples("docent_model_holdout_ratio{model=\"als 1"), []);
    }
}
