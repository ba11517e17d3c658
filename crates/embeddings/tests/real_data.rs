//! Checks on real data sets, where they are installed, that related documents are nearer than
//! random ones.
#![allow(clippy::print_stderr, clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use docent_embeddings::{Document, Embedder, LsaConfig, LsaEmbedder, VectorIndex};
use libtest_mimic::{Arguments, Trial};

/// Runs each test whose data set is installed, and reports the others as ignored.
fn main() -> ExitCode {
    const MOVIES: &str = "ml-latest-small/movies.csv";
    let trials = vec![
        trial(
            "the_title_of_a_paper_finds_its_own_abstract",
            "papers/papers.csv",
            the_title_of_a_paper_finds_its_own_abstract,
        ),
        trial(
            "films_that_share_genres_are_nearer_than_random_ones",
            MOVIES,
            films_that_share_genres_are_nearer_than_random_ones,
        ),
        trial(
            "films_are_near_for_their_genres_and_not_for_their_year",
            MOVIES,
            films_are_near_for_their_genres_and_not_for_their_year,
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(name: &str, file: &'static str, test: fn(&Path)) -> Trial {
    let path = data_folder().join(file);
    let is_missing = !path.is_file();
    let trial = Trial::test(name, move || {
        test(&path);
        Ok(())
    });
    trial.with_ignored_flag(is_missing)
}

/// Returns the folder of real data sets: `DOCENT_DATA`, or a folder beside the project.
fn data_folder() -> PathBuf {
    std::env::var_os("DOCENT_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from)
}

/// Reads the first `N` columns of a CSV file.
fn rows<const N: usize>(path: &Path) -> Vec<[String; N]> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let records = reader.records().map(csv::Result::unwrap);
    records.map(|record| std::array::from_fn(|i| record.get(i).unwrap_or_default().to_owned())).collect()
}

fn index_of(vectors: Vec<Option<Vec<f32>>>, dim: usize) -> VectorIndex {
    let mut index = VectorIndex::new(dim);
    for (row, vector) in (0u32..).zip(vectors) {
        if let Some(vector) = vector {
            index.set(row, &vector).unwrap();
        }
    }
    index
}

/// Returns the mean reciprocal rank of a paper's own abstract for its title, and the mean share of
/// other abstracts that it beats.
fn title_finds_abstract(embedder: &LsaEmbedder, papers: &[[String; 5]]) -> (f64, f64) {
    let titles: Vec<_> =
        papers.iter().map(|[.., title, _]| Document { title, ..Document::default() }).collect();
    let abstracts: Vec<_> = papers.iter().map(|[.., text]| Document::from_text(text)).collect();
    let index = index_of(embedder.embed(&abstracts).unwrap(), embedder.dim());
    let (mut reciprocal, mut beaten, mut counted) = (0.0, 0.0, 0.0);
    for (row, title) in (0u32..).zip(embedder.embed(&titles).unwrap()) {
        let Some(title) = title else { continue };
        let ranked = index.nearest(&title, index.len(), |_| true);
        if let Some(rank) = ranked.iter().position(|&(other, _)| other == row) {
            reciprocal += 1.0 / (rank + 1) as f64;
            beaten += 1.0 - rank as f64 / (ranked.len() - 1) as f64;
            counted += 1.0;
        }
    }
    (reciprocal / counted, beaten / counted)
}

fn the_title_of_a_paper_finds_its_own_abstract(path: &Path) {
    let papers: Vec<[String; 5]> = rows(path);
    let seen = papers.len() * 3 / 4;
    let documents: Vec<_> =
        papers.iter().map(|[.., title, text]| Document { title, text, ..Document::default() }).collect();
    let config = LsaConfig::default();

    let learned = LsaEmbedder::fit(&documents[..seen], &config, 1).unwrap();
    let (mrr, beaten) = title_finds_abstract(&learned, &papers[seen..]);
    eprintln!("papers never seen, learned embedder: MRR {mrr:.3}, nearer than a random abstract {beaten:.4}");
    assert!(mrr > 0.72 && beaten > 0.985, "MRR {mrr:.3}, beaten {beaten:.4}");

    let untrained = LsaEmbedder::untrained(&config).unwrap();
    let (mrr, beaten) = title_finds_abstract(&untrained, &papers[seen..]);
    eprintln!(
        "papers never seen, untrained embedder: MRR {mrr:.3}, nearer than a random abstract {beaten:.4}"
    );
    assert!(mrr > 0.62 && beaten > 0.965, "MRR {mrr:.3}, beaten {beaten:.4}");
}

fn films_that_share_genres_are_nearer_than_random_ones(path: &Path) {
    let films: Vec<[String; 3]> = rows(path);
    let mut tags_of: HashMap<String, String> = HashMap::new();
    for [_, film, tag] in rows::<3>(&path.with_file_name("tags.csv")) {
        tags_of.entry(film).or_default().push_str(&format!("{tag}. "));
    }
    let genres: Vec<Vec<String>> =
        films.iter().map(|[.., genres]| genres.split('|').map(str::to_owned).collect()).collect();
    let documents: Vec<_> = films
        .iter()
        .zip(&genres)
        .map(|([film, title, _], subjects)| Document {
            title,
            text: tags_of.get(film).map_or("", String::as_str),
            subjects,
            authors: &[],
        })
        .collect();
    let embedder = LsaEmbedder::fit(&documents, &LsaConfig::default(), 1).unwrap();
    let index = index_of(embedder.embed(&documents).unwrap(), embedder.dim());

    let overlap = |a: usize, b: usize| {
        let (a, b): (HashSet<_>, HashSet<_>) = (genres[a].iter().collect(), genres[b].iter().collect());
        a.intersection(&b).count() as f64 / a.union(&b).count() as f64
    };
    let (mut near, mut random, mut counted) = (0.0, 0.0, 0.0);
    for film in (0..films.len()).step_by(23) {
        let Some(query) = index.get(film as u32) else { continue };
        for (rank, (neighbour, _)) in
            index.nearest(query, 10, |row| row as usize != film).into_iter().enumerate()
        {
            near += overlap(film, neighbour as usize);
            random += overlap(film, (film * 31 + rank * 977 + 1) % films.len());
            counted += 1.0;
        }
    }
    let (near, random) = (near / counted, random / counted);
    eprintln!("genre overlap (Jaccard): ten nearest {near:.3}, random {random:.3}");
    assert!(near > 0.75 && near > 3.0 * random, "near {near:.3}, random {random:.3}");
}

/// Returns the share of the pairs that are the same in some respect.
fn share(pairs: &[(usize, usize)], same: &dyn Fn(usize, usize) -> bool) -> f64 {
    pairs.iter().filter(|&&(a, b)| same(a, b)).count() as f64 / pairs.len() as f64
}

fn films_are_near_for_their_genres_and_not_for_their_year(path: &Path) {
    let films: Vec<[String; 3]> = rows(path);
    let genres: Vec<Vec<String>> =
        films.iter().map(|[.., genres]| genres.split('|').map(str::to_owned).collect()).collect();
    let year = |film: usize| films[film][1].trim_end().strip_suffix(')')?.rsplit('(').next();
    let documents: Vec<_> = films
        .iter()
        .zip(&genres)
        .map(|([_, title, _], subjects)| Document { title, subjects, ..Document::default() })
        .collect();
    let embedder = LsaEmbedder::fit(&documents, &LsaConfig::default(), 1).unwrap();
    let index = index_of(embedder.embed(&documents).unwrap(), embedder.dim());

    let asked = (0..films.len()).step_by(7).filter_map(|film| Some((film, index.get(film as u32)?)));
    let near: Vec<(usize, usize)> = asked
        .flat_map(|(film, vector)| {
            let found = index.nearest(vector, 10, |row| row as usize != film);
            found.into_iter().map(move |(row, _)| (film, row as usize))
        })
        .collect();
    let random: Vec<(usize, usize)> = near
        .iter()
        .enumerate()
        .map(|(n, &(film, _))| (film, (film * 31 + n * 977 + 1) % films.len()))
        .collect();
    let same_year = |a, b| year(a) == year(b);
    let same_genres = |a: usize, b: usize| genres[a] == genres[b];
    let years = (share(&near, &same_year), share(&random, &same_year));
    let genres = (share(&near, &same_genres), share(&random, &same_genres));
    eprintln!("same year: ten nearest {:.3}, random {:.3}", years.0, years.1);
    eprintln!("the very same genres: ten nearest {:.3}, random {:.3}", genres.0, genres.1);
    assert!(years.0 < 1.5 * years.1, "{years:?}");
    assert!(genres.0 > 0.5, "{genres:?}");
}
