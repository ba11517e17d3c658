use std::cmp::Ordering;

use docent_domain::{ComponentScores, Weights};
use docent_linalg::dot;
use proptest::prelude::*;

use std::collections::HashSet;

use super::*;
use crate::{AVERAGE_SCORE, cosine};

const CONTENT_ONLY: [bool; 5] = [false, true, false, false, false];

fn candidate(key: u32, content: f64, views: u64) -> Candidate<'static> {
    Candidate {
        key,
        scores: ComponentScores { content: Some(content), ..ComponentScores::default() },
        vector: None,
        popularity: views,
        is_untried: views == 0,
        is_unchosen: false,
        boost: 1.0,
    }
}

fn keys(ranking: &[Ranked]) -> Vec<u32> {
    ranking.iter().map(|r| r.key).collect()
}

fn intra_list_diversity(ranking: &[Ranked], candidates: &[Candidate<'_>]) -> f64 {
    let vectors: Vec<&[f32]> = ranking.iter().filter_map(|r| candidates[r.position].vector).collect();
    let pairs: Vec<f64> = (0..vectors.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| 1.0 - cosine(vectors[i], vectors[j]))
        .collect();
    pairs.iter().sum::<f64>() / pairs.len() as f64
}

#[test]
fn mmr_picks_in_the_order_of_the_table() {
    let vectors: [[f32; 3]; 4] = [[0.8, 0.2, 0.5], [0.7, 0.3, 0.4], [0.1, 0.9, 0.1], [0.8, 0.1, 0.6]];
    let ranked: Vec<(f64, Option<&[f32]>)> =
        [0.9, 0.85, 0.8, 0.75].into_iter().zip(&vectors).map(|(s, v)| (s, Some(v.as_slice()))).collect();
    assert_eq!(mmr(&ranked, 0.5, 3), [0, 2, 1]);
    assert_eq!(mmr(&ranked, 0.0, 4), [0, 1, 2, 3]);
}

#[test]
fn an_item_without_vector_stays_and_has_similarity_zero() {
    let vector = [1.0f32, 0.0];
    let ranked: [(f64, Option<&[f32]>); 3] = [(0.9, Some(&vector)), (0.8, Some(&vector)), (0.5, None)];
    assert_eq!(mmr(&ranked, 0.5, 3), [0, 2, 1]);
}

/// The definition of [`mmr`], which compares every item after every pick.
fn mmr_by_definition(ranked: &[(f64, Option<&[f32]>)], diversity: f64, keep: usize) -> Vec<usize> {
    let mut picked: Vec<usize> = Vec::new();
    while picked.len() < keep.min(ranked.len()) {
        let value = |at: &usize| {
            let of = |other: &usize| match (ranked[*at].1, ranked[*other].1) {
                (Some(a), Some(b)) if dot(a, a) * dot(b, b) > 0.0 => {
                    f64::from(dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt()))
                }
                _ => 0.0,
            };
            let closest = picked.iter().map(of).reduce(f64::max);
            closest.map_or(ranked[*at].0, |closest| (1.0 - diversity) * ranked[*at].0 - diversity * closest)
        };
        let open = (0..ranked.len()).filter(|at| !picked.contains(at));
        picked.extend(open.reduce(|best, next| if value(&next) > value(&best) { next } else { best }));
    }
    picked
}

proptest! {
    #[test]
    fn picks_are_those_of_the_definition(
        items in prop::collection::vec((0i8..9, prop::option::of(prop::array::uniform2(-3i8..4))), 0..30),
        diversity in 0u8..5,
        keep in 0usize..35,
    ) {
        // Whole numbers on axes of few directions, so that values tie.
        let vectors: Vec<Option<[f32; 2]>> = items.iter().map(|item| item.1.map(|v| v.map(f32::from))).collect();
        let mut ranked: Vec<(f64, Option<&[f32]>)> =
            items.iter().zip(&vectors).map(|(item, v)| (f64::from(item.0), v.as_ref().map(|v| &v[..]))).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let diversity = f64::from(diversity) / 4.0;
        prop_assert_eq!(mmr(&ranked, diversity, keep), mmr_by_definition(&ranked, diversity, keep));
    }
}

#[test]
fn ties_keep_the_order_of_keys_and_fewer_candidates_than_asked_for_are_all_returned() {
    let ranking =
        rank(&[candidate(3, 0.5, 1), candidate(1, 0.5, 1), candidate(2, 0.5, 1)], &RankOptions::default());
    assert_eq!(keys(&ranking), [1, 2, 3]);
    assert!(rank(&[], &RankOptions::default()).is_empty());
}

#[test]
fn a_fifth_of_the_answer_is_novel_where_the_user_wants_it_and_candidates_allow() {
    let mut candidates: Vec<Candidate<'_>> = (0..30).map(|key| candidate(key, 0.9, 100)).collect();
    candidates.extend((30..36).map(|key| candidate(key, 0.01, 0)));
    let novel = |novelty| {
        let ranking = rank(&candidates, &RankOptions { novelty, limit: 20, ..RankOptions::default() });
        ranking.iter().filter(|r| r.novelty > NOVEL_ABOVE).count()
    };
    assert_eq!(novel(0.0), 0);
    assert_eq!(novel(0.1), 4);
}

#[test]
fn more_diversity_gives_a_more_diverse_list() {
    // Four tight groups; the best scores are all in the first.
    let group = |i: usize| if i < 16 { 0 } else { 1 + i % 3 };
    let vectors: Vec<[f32; 4]> = (0..80)
        .map(|i| {
            let mut v = [0.02 * (i % 7) as f32; 4];
            v[group(i)] += 1.0;
            v
        })
        .collect();
    let candidates: Vec<Candidate<'_>> = (0..80u32)
        .map(|i| Candidate {
            vector: Some(&vectors[i as usize]),
            ..candidate(i, 1.0 - f64::from(i) / 80.0, 1)
        })
        .collect();
    let diversity: Vec<f64> = [0.0, 0.25, 0.5, 0.75, 1.0]
        .map(|diversity| {
            let options = RankOptions { diversity, novelty: 0.0, limit: 10, ..RankOptions::default() };
            intra_list_diversity(&rank(&candidates, &options), &candidates)
        })
        .to_vec();
    assert!(diversity.windows(2).all(|pair| pair[0] <= pair[1]), "{diversity:?}");
    assert!(diversity[4] > diversity[0] + 0.3, "{diversity:?}");
}

#[test]
fn a_smaller_limit_shows_what_a_larger_one_shows() {
    let scattered = |i: u32| i.wrapping_mul(2_654_435_761) >> 16;
    let vectors: Vec<[f32; 3]> =
        (0..300).map(|i| [i, i + 1_000, i + 2_000].map(|i| scattered(i) as f32 - 32_768.0)).collect();
    let candidates: Vec<Candidate<'_>> = (0..300u32)
        .map(|i| Candidate {
            vector: Some(&vectors[i as usize]),
            ..candidate(i, 0.9 - f64::from(i) / 1000.0, 1)
        })
        .collect();
    let shown = |limit| {
        let options = RankOptions { limit, novelty: 0.0, diversity: 1.0, ..RankOptions::default() };
        keys(&rank(&candidates, &options)).into_iter().collect::<HashSet<u32>>()
    };
    let sets = [5, 10, 20, 50, 100].map(shown);
    assert!(sets.windows(2).all(|pair| pair[0].is_subset(&pair[1])), "{sets:?}");
}

#[test]
fn diversity_means_the_same_however_far_apart_scores_lie() {
    let vectors = [[1.0f32, 0.0], [0.0, 1.0]];
    for spread in [0.1, 0.001] {
        let candidates: Vec<Candidate<'_>> = (0..8u32)
            .map(|i| Candidate {
                vector: Some(&vectors[usize::from(i > 4)]),
                ..candidate(i, 0.9 - spread * f64::from(i), 1)
            })
            .collect();
        let shown = |diversity| {
            let options = RankOptions { limit: 2, novelty: 0.0, diversity, ..RankOptions::default() };
            keys(&rank(&candidates, &options))
        };
        assert_eq!((shown(0.2), shown(0.6)), (vec![0, 1], vec![0, 5]), "{spread}");
    }
}

#[test]
fn exploration_gives_the_last_places_to_unchosen_resources_and_keeps_the_order_of_scores() {
    let mut candidates: Vec<Candidate<'_>> = (0..30).map(|key| candidate(key, 0.9, 100)).collect();
    candidates.extend((30..90).map(|key| candidate(key, 0.3 - f64::from(key) / 1000.0, 0)));
    let shown = |places, seed| {
        let exploration = Exploration { places, seed };
        rank(&candidates, &RankOptions { novelty: 0.0, exploration, ..RankOptions::default() })
    };
    assert!(shown(0, 1).iter().all(|r| r.key < 30 && !r.explored));
    let explored = shown(2, 1);
    let marked: Vec<bool> = explored.iter().map(|r| r.explored).collect();
    assert_eq!(marked, [vec![false; 18], vec![true; 2]].concat());
    assert!(explored.iter().all(|r| r.explored == (r.key >= 30)));
    assert_eq!(shown(2, 1), explored, "the same seed gives the same answer");
    let found: HashSet<u32> =
        (0..200).flat_map(|seed| keys(&shown(1, seed))).filter(|key| *key >= 30).collect();
    assert!(found.len() > 50, "over time every resource gets a place: {}", found.len());
}

#[test]
fn an_unchosen_resource_that_ranks_by_its_score_counts_as_explored() {
    let mut candidates: Vec<Candidate<'_>> = (0..30).map(|key| candidate(key, 0.5, 100)).collect();
    candidates.extend((30..90).map(|key| candidate(key, if key == 30 { 0.9 } else { 0.1 }, 0)));
    let options = RankOptions { novelty: 0.0, ..RankOptions::default() };
    let exploration = Exploration { places: 1, seed: 3 };
    let ranking = rank(&candidates, &RankOptions { exploration, ..options });
    assert_eq!(ranking, rank(&candidates, &options));
}

#[test]
fn a_boost_multiplies_the_score_and_nothing_else() {
    let boosted = Candidate { boost: 1.5, ..candidate(2, 0.5, 1) };
    let hybrid = HybridWeights { available: CONTENT_ONLY, ..HybridWeights::default() };
    let options = RankOptions { novelty: 0.0, hybrid, ..RankOptions::default() };
    let ranking = rank(&[candidate(1, 0.6, 1), boosted, candidate(3, 0.7, 1)], &options);
    assert_eq!(keys(&ranking), [2, 3, 1]);
    assert_eq!((ranking[0].score, ranking[0].hybrid.score), (0.75, 0.5));
}

proptest! {
    #[test]
    fn contributions_add_up_to_the_score(
        values in prop::collection::vec(
            (prop::array::uniform5(prop::option::of(0.0..=1.0f64)), 0u64..50, 0.1..=10.0f64), 1..40,
        ),
        weights in prop::array::uniform5(0.01..=1.0f64), novelty in 0.0..=1.0f64, places in 0usize..5,
    ) {
        let candidates: Vec<Candidate<'_>> = values.iter().zip(0..).map(|(&(values, views, boost), key)| {
            let [collaborative, content, graph, quality, recency] = values;
            let scores = ComponentScores { collaborative, content, graph, quality, recency };
            Candidate {
                key,
                scores,
                vector: None,
                popularity: views,
                is_untried: views == 0,
                is_unchosen: false,
                boost,
            }
        }).collect();
        let weights = Weights::new(weights).unwrap();
        let exploration = Exploration { places, seed: 1 };
        let hybrid = HybridWeights::new(weights);
        for ranked in rank(&candidates, &RankOptions { hybrid, novelty, exploration, ..RankOptions::default() }) {
            let parts = ranked.contributions();
            prop_assert!((parts.total() - ranked.score).abs() < 1e-11);
            let total: f64 = docent_domain::Component::ALL.map(|c| weights.get(c)).iter().sum();
            let score = candidates[ranked.position].scores.content.unwrap_or(AVERAGE_SCORE);
            let content = score * weights.get(docent_domain::Component::Content) / total;
            prop_assert!((parts.content - content).abs() < 1e-12);
        }
    }

    #[test]
    fn an_answer_is_ordered_finite_without_duplicates_and_never_longer_than_asked(
        scores in prop::collection::vec((0.0..=1.0f64, 0u64..1000), 0..60),
        limit in 1usize..=100, diversity in 0.0..=1.0f64, novelty in 0.0..=1.0f64, places in 0usize..5,
    ) {
        let candidates: Vec<Candidate<'_>> =
            scores.iter().zip(0..).map(|(&(score, views), key)| candidate(key, score, views)).collect();
        let exploration = Exploration { places, seed: 1 };
        let options = RankOptions { limit, diversity, novelty, exploration, ..RankOptions::default() };
        let ranking = rank(&candidates, &options);
        prop_assert_eq!(ranking.len(), limit.min(candidates.len()));
        prop_assert!(ranking.iter().all(|r| r.score.is_finite()));
        prop_assert!(ranking.windows(2).all(|w| w[0].by_score(&w[1]) == Ordering::Less));
        let novel_available = ranking.iter().filter(|r| r.novelty > NOVEL_ABOVE).count();
        let all_novel = rank(&candidates, &RankOptions { limit: candidates.len().max(1), ..options })
            .iter().filter(|r| r.novelty > NOVEL_ABOVE).count();
        if novelty > 0.0 {
            prop_assert!(novel_available >= (ranking.len() / 5).min(all_novel));
        }
    }

    #[test]
    fn candidates_that_may_be_picked_are_enough_for_the_same_answer(
        scores in prop::collection::vec((0.0..=1.0f64, 0u64..4, 0usize..7), 200..700),
        limit in 1usize..=100, diversity in 0.0..=1.0f64, novelty in 0.0..=1.0f64, places in 0usize..60,
        wants_novelty: bool,
    ) {
        let vectors: Vec<[f32; 3]> = (0..7).map(|n| [n as f32, (n * n % 5) as f32, 1.0]).collect();
        let all: Vec<Candidate<'_>> = scores.iter().zip(0..).map(|(&(score, views, vector), key)| Candidate {
            vector: vectors.get(vector).map(<[f32; 3]>::as_slice),
            ..candidate(key, score, views)
        }).collect();
        let novelty = if wants_novelty { novelty } else { 0.0 };
        let exploration = Exploration { places: places.min(limit - 1), seed: 1 };
        let median_popularity = Some(median_popularity(&all));
        let options = RankOptions {
            limit, diversity, novelty, exploration, median_popularity, ..RankOptions::default()
        };
        let positions = may_be_picked(&best_first(&all, &options), &all, &options);
        let kept: Vec<Candidate<'_>> = positions.iter().map(|at| all[*at]).collect();
        prop_assert!(all.len() < 500 || kept.len() < all.len());
        let answers = [&all, &kept].map(|candidates| {
            let answer = rank(candidates, &options).into_iter();
            answer.map(|ranked| (ranked.key, ranked.score, ranked.explored)).collect::<Vec<_>>()
        });
        prop_assert_eq!(&answers[0], &answers[1]);
    }
}
