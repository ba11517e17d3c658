//! Tables and charts of the figures.

use crate::{
    measure::{Measured, ModelSeconds},
    plot::{Chart, Point, Series},
};

const MIB: f64 = 1_048_576.0;

/// Prints the whole trainings, and the seconds of each model in them.
pub fn print_whole(all: &[Measured]) {
    if all.is_empty() {
        return;
    }
    println!(
        "| interactions | users | items | seconds | CPU s | CPU s a million | data MiB | peak MiB | factors MiB | \
         bytes an interaction above the factors |"
    );
    println!("|{}", "---|".repeat(10));
    for one in all {
        println!(
            "| {} | {} | {} | {:.1} | {:.1} | {:.1} | {:.0} | {:.0} | {:.0} | {:.0} |",
            one.interactions,
            one.users,
            one.items,
            one.seconds,
            one.cpu_seconds,
            one.cpu_seconds / millions(one),
            one.data_bytes as f64 / MIB,
            one.peak_bytes as f64 / MIB,
            one.factor_bytes as f64 / MIB,
            one.bytes_per_interaction()
        );
    }
    println!("\n| seconds, choice + build |{}", sizes(all));
    println!("|---|{}", "---|".repeat(all.len()));
    let mut names: Vec<&str> = Vec::new();
    for ModelSeconds { model, .. } in all.iter().flat_map(|one| &one.models) {
        if !names.contains(&model.as_str()) {
            names.push(model);
        }
    }
    for name in names {
        let mut line = format!("| {name} |");
        for one in all {
            line += &match one.models.iter().find(|known| known.model == name) {
                Some(known) => format!(" {:.1} + {:.1} |", known.choice, known.build),
                None => " |".to_owned(),
            };
        }
        println!("{line}");
    }
    println!();
}

fn sizes(all: &[Measured]) -> String {
    all.iter().map(|one| format!(" {} |", one.interactions)).collect()
}

/// Prints the models that were fitted alone.
pub fn print_single(all: &[Measured]) {
    if all.is_empty() {
        return;
    }
    println!("| model alone | interactions | users | items | seconds | CPU s | data MiB | peak MiB |");
    println!("|{}", "---|".repeat(8));
    for one in all {
        println!(
            "| {} | {} | {} | {} | {:.1} | {:.1} | {:.0} | {:.0} |",
            one.model.as_deref().unwrap_or("hybrid"),
            one.interactions,
            one.users,
            one.items,
            one.seconds,
            one.cpu_seconds,
            one.data_bytes as f64 / MIB,
            one.peak_bytes as f64 / MIB
        );
    }
}

/// Returns the charts of seconds and of memory.
pub fn charts(all: &[Measured]) -> [Chart; 2] {
    let line = |name: &str, value: fn(&Measured) -> f64| Series {
        name: name.to_owned(),
        points: all
            .iter()
            .map(|one| Point { x: millions(one), y: value(one), label: format!("{:.0}", value(one)) })
            .collect(),
    };
    [
        Chart {
            title: "Training of the blend".to_owned(),
            x: "interactions, millions".to_owned(),
            y: "processor seconds".to_owned(),
            is_logarithmic: false,
            series: vec![line("", |one| one.cpu_seconds)],
        },
        Chart {
            title: "Memory".to_owned(),
            x: "interactions, millions".to_owned(),
            y: "MiB".to_owned(),
            is_logarithmic: false,
            series: vec![
                line("peak", |one| one.peak_bytes as f64 / MIB),
                line("factors", |one| one.factor_bytes as f64 / MIB),
            ],
        },
    ]
}

fn millions(one: &Measured) -> f64 {
    one.interactions as f64 / 1e6
}
