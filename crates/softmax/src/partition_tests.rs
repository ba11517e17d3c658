use proptest::prelude::*;

use super::*;

const DIM: usize = 2;
const FACTORS: [f32; 6] = [0.5, -1.0, 1.5, 0.25, -0.75, 0.0];
const BIASES: [f32; 3] = [0.0, 0.7, 1.1];

fn whole() -> Result<Partition, SoftmaxError> {
    Partition::new(&FACTORS, &BIASES, &[0, 1, 2], DIM)
}

#[test]
fn what_nobody_chose_is_not_there_to_choose_from() {
    assert_eq!(chosen_items(&[3.0, 0.0, 1.0]), [0, 2]);
}

#[test]
fn with_enough_steps_the_vector_of_a_person_is_the_most_likely_one() -> Result<(), SoftmaxError> {
    let config = SoftmaxConfig { dim: DIM, steps: 300, user_regularization: 0.3, ..SoftmaxConfig::default() };
    let (chosen, mass) = ([0.5 + 1.5 * 2.0, -1.0 + 0.25 * 2.0], 3.0);
    let partition = whole()?;
    let person = partition.fold(&chosen, &[mass], &config);
    let mut shares = vec![0.0; 3];
    partition.probabilities(&person, &mut shares);
    assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    for axis in 0..DIM {
        let expected: f32 = (0..3).map(|item| shares[item] * FACTORS[item * DIM + axis]).sum();
        let slope = mass * expected - chosen[axis] + 0.3 * mass.sqrt() * person[axis];
        assert!(slope.abs() < 1e-4, "axis {axis}: {slope}");
    }
    Ok(())
}

#[test]
fn people_are_folded_in_together_as_alone() -> Result<(), SoftmaxError> {
    let config = SoftmaxConfig { dim: DIM, ..SoftmaxConfig::default() };
    let partition = whole()?;
    let (chosen, masses) = ([1.0, 2.0, -3.0, 0.5], [2.0, 5.0]);
    let together = partition.fold(&chosen, &masses, &config);
    let alone = [
        partition.fold(&chosen[..2], &masses[..1], &config),
        partition.fold(&chosen[2..], &masses[1..], &config),
    ];
    for (a, b) in together.iter().zip(alone.iter().flatten()) {
        assert!((a - b).abs() < 1e-5);
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_was_chosen_the_vector_is_finite(
        chosen in prop::array::uniform2(-1e4f32..1e4), mass in prop_oneof![Just(0.0f32), 1e-6f32..1e4],
    ) {
        let config = SoftmaxConfig { dim: DIM, ..SoftmaxConfig::default() };
        let chosen = if mass == 0.0 { [0.0; 2] } else { chosen };
        let person = whole().map_err(|e| TestCaseError::fail(e.to_string()))?.fold(&chosen, &[mass], &config);
        prop_assert!(person.iter().all(|x| x.is_finite()), "{:?}", person);
    }
}

#[test]
fn the_exponential_is_that_of_the_standard_library() {
    for step in 0..=60_000u16 {
        let x = -f32::from(step) / 1_000.0;
        let (found, expected) = (f64::from(exp_below_zero(x)), f64::from(x).exp());
        assert!((found / expected - 1.0).abs() < 3e-7, "exp({x}): {found}, {expected}");
    }
    assert_eq!(exp_below_zero(-1e9), exp_below_zero(-60.0));
}

#[test]
fn probabilities_sum_to_one_and_keep_ratios() {
    let mut scores: Vec<f32> = (0..37u8).map(|at| f32::from(at) / 4.0 + 100.0).collect();
    softmax(&mut scores);
    assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    assert!(scores.windows(2).all(|pair| (pair[1] / pair[0] - 0.25f32.exp()).abs() < 1e-5));
}
