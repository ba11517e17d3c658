//! Compares chunked vectors with plain ones.
#![allow(clippy::unwrap_used, reason = "tests")]

use docent_chunks::ChunkedVec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Change {
    Push(u32),
    Pop,
    Set(usize, u32),
    /// Keeps a clone of this moment.
    Keep,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => any::<u32>().prop_map(Change::Push),
        2 => Just(Change::Pop),
        3 => (0usize..700, any::<u32>()).prop_map(|(at, element)| Change::Set(at, element)),
        1 => Just(Change::Keep),
    ]
}

fn assert_same(chunked: &ChunkedVec<u32>, plain: &[u32]) {
    assert_eq!((chunked.len(), chunked.is_empty()), (plain.len(), plain.is_empty()));
    assert!(chunked.iter().eq(plain));
    assert!((0..plain.len() + 300).all(|at| chunked.get(at) == plain.get(at)));
}

proptest! {
    #[test]
    fn a_vector_and_its_kept_clones_have_the_elements_of_plain_ones(
        start in 0u32..600,
        changes in prop::collection::vec(change(), 0..200),
    ) {
        let mut plain: Vec<u32> = (0..start).collect();
        let mut chunked: ChunkedVec<u32> = (0..start).collect();
        let mut kept = Vec::new();
        for change in changes {
            match change {
                Change::Push(element) => {
                    plain.push(element);
                    chunked.push(element);
                }
                Change::Pop => prop_assert_eq!(chunked.pop(), plain.pop()),
                Change::Set(at, element) => {
                    let slots = (chunked.get_mut(at), plain.get_mut(at));
                    prop_assert_eq!(slots.0.is_some(), slots.1.is_some());
                    if let (Some(a), Some(b)) = slots {
                        (*a, *b) = (element, element);
                    }
                }
                Change::Keep => kept.push((chunked.clone(), plain.clone())),
            }
        }
        kept.push((chunked, plain));
        kept.iter().for_each(|(chunked, plain)| assert_same(chunked, plain));
    }
}
