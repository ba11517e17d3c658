//! `evaluate compare`: a paired test of two evaluations on the same users.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, bail, ensure};
use docent::training::evaluation::{PairedSums, PairedTest, paired_test};
use docent_formats::PerUserFile;

use super::store::SEED;
use crate::{cli::evaluate::CompareArgs, exit, table};

/// Compares models of two files, prints a table, and returns the exit code.
pub fn compare(args: &CompareArgs) -> anyhow::Result<u8> {
    let (a, b) = (Side::read(&args.a)?, Side::read(&args.b)?);
    let metric = metric(&a, &b, args.metric.as_deref())?;
    let mut rows = Vec::new();
    let mut left_out = 0;
    for (model, other) in models(&a, &b, args.model.as_deref(), args.other_model.as_deref())? {
        let (of_a, of_b) = (a.values(&model, &metric)?, b.values(&other, &metric)?);
        let pairs = pairs(&a, &of_a, &b, &of_b)?;
        left_out = left_out.max(of_a.len() + of_b.len() - 2 * pairs.len());
        let test = paired_test(&pairs, SEED)
            .with_context(|| format!("no user has a value of {metric} for {model} in both files"))?;
        rows.push(row(&model, &other, &test));
    }
    println!("{metric}: A {}, B {}", a.name, b.name);
    println!(
        "{}",
        table::render(&["model", "users", "cases", "A", "B", "B - A", "95 % interval", "p"], &rows)
    );
    if left_out > 0 {
        println!("Users in one file only, left out: {left_out}");
    }
    Ok(exit::DONE)
}

fn row(model: &str, other: &str, test: &PairedTest) -> Vec<String> {
    let model = if model == other { model.to_owned() } else { format!("{model} / {other}") };
    let PairedTest { users, cases, mean_a, mean_b, difference, p_value } = test;
    vec![
        model,
        users.to_string(),
        cases.to_string(),
        format!("{mean_a:.4}"),
        format!("{mean_b:.4}"),
        format!("{:+.4}", difference.mean),
        format!("{:+.4} to {:+.4}", difference.low, difference.high),
        format!("{p_value:.4}"),
    ]
}

/// A file of metrics of users.
struct Side {
    name: String,
    file: PerUserFile,
}

/// Values of one metric under one model: those of the cases of each user, in the order of the file.
type Values<'a> = BTreeMap<&'a str, Vec<Option<f64>>>;

impl Side {
    fn read(path: &Path) -> anyhow::Result<Self> {
        Ok(Self { name: path.display().to_string(), file: PerUserFile::read(path)? })
    }

    /// Returns the names of the models, in the order of the file.
    fn models(&self) -> Vec<&str> {
        let mut models: Vec<&str> = Vec::new();
        for row in &self.file.rows {
            if !models.contains(&row.model.as_str()) {
                models.push(&row.model);
            }
        }
        models
    }

    fn values(&self, model: &str, metric: &str) -> anyhow::Result<Values<'_>> {
        let column = self.file.metrics.iter().position(|name| name == metric);
        let column = column.with_context(|| {
            let known = self.file.metrics.join(", ");
            format!("{} has no metric \"{metric}\": expected one of {known}", self.name)
        })?;
        let mut values = Values::new();
        for row in self.file.rows.iter().filter(|row| row.model == model) {
            values.entry(&row.user).or_default().push(row.values.get(column).copied().flatten());
        }
        ensure!(
            !values.is_empty(),
            "{} has no model \"{model}\": expected one of {}",
            self.name,
            self.models().join(", ")
        );
        Ok(values)
    }
}

/// Returns the requested metric, or the first NDCG that both sides have, or their first metric.
fn metric(a: &Side, b: &Side, requested: Option<&str>) -> anyhow::Result<String> {
    if let Some(metric) = requested {
        return Ok(metric.to_owned());
    }
    let common: Vec<&String> =
        a.file.metrics.iter().filter(|metric| b.file.metrics.contains(*metric)).collect();
    let found = common.iter().find(|metric| metric.starts_with("ndcg@")).or(common.first());
    found.map(|metric| (*metric).clone()).with_context(|| {
        let (of_a, of_b) = (a.file.metrics.join(", "), b.file.metrics.join(", "));
        format!("{} and {} have no metric in common: {of_a}; {of_b}", a.name, b.name)
    })
}

/// Returns the models to compare, each of A with one of B.
fn models(
    a: &Side,
    b: &Side,
    model: Option<&str>,
    other: Option<&str>,
) -> anyhow::Result<Vec<(String, String)>> {
    if let Some(model) = model {
        return Ok(vec![(model.to_owned(), other.unwrap_or(model).to_owned())]);
    }
    let (of_a, of_b) = (a.models(), b.models());
    let common: Vec<(String, String)> = of_a
        .iter()
        .filter(|model| of_b.contains(*model))
        .map(|model| ((*model).to_owned(), (*model).to_owned()))
        .collect();
    if common.is_empty() {
        bail!(
            "{} and {} have no model in common: {}; {}. Name them by --model and --other-model",
            a.name,
            b.name,
            of_a.join(", "),
            of_b.join(", ")
        );
    }
    Ok(common)
}

/// Pairs the cases of the users that both sides have, by their order. A case without a value on one
/// side does not count.
fn pairs(a: &Side, of_a: &Values<'_>, b: &Side, of_b: &Values<'_>) -> anyhow::Result<Vec<PairedSums>> {
    let mut pairs = Vec::new();
    for (user, in_a) in of_a {
        let Some(in_b) = of_b.get(user) else { continue };
        ensure!(
            in_a.len() == in_b.len(),
            "user \"{user}\" has {} cases in {} and {} in {}: expected files of the same protocol and test data",
            in_a.len(),
            a.name,
            in_b.len(),
            b.name
        );
        let mut sums = PairedSums::default();
        for (in_a, in_b) in in_a.iter().zip(in_b) {
            if let (Some(in_a), Some(in_b)) = (in_a, in_b) {
                sums = PairedSums { a: sums.a + in_a, b: sums.b + in_b, cases: sums.cases + 1 };
            }
        }
        pairs.push(sums);
    }
    ensure!(
        !pairs.is_empty(),
        "{} and {} have no user in common: expected files of the same protocol and test data",
        a.name,
        b.name
    );
    Ok(pairs)
}
