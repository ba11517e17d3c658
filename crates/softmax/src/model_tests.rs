use std::ops::ControlFlow;

use docent_domain::InteractionMatrix;

use super::*;

/// Forty people of two tastes, twenty items, every third pair missing.
fn likes() -> Result<InteractionMatrix, docent_domain::MatrixError> {
    let pairs = (0..40u32).flat_map(|user| {
        let of_taste = (0..20u32).filter(move |item| item % 2 == user % 2 && (user / 2 + item / 2) % 3 != 0);
        of_taste.map(move |item| (user, item, 1.0))
    });
    InteractionMatrix::from_triples(40, 21, pairs)
}

fn trained() -> Result<SoftmaxModel, Box<dyn std::error::Error>> {
    let config = SoftmaxConfig { dim: 4, ..SoftmaxConfig::default() };
    Ok(SoftmaxModel::train(&likes()?, &config, |_| ControlFlow::Continue(()))?)
}

fn scores(model: &SoftmaxModel, history: &[(u32, f32)]) -> Result<Vec<f32>, SoftmaxError> {
    let mut scores = Vec::new();
    model.score_all(&model.fold_in(history)?, &mut scores);
    Ok(scores)
}

#[test]
fn tastes_are_told_apart_and_what_nobody_chose_is_last() -> Result<(), Box<dyn std::error::Error>> {
    let model = trained()?;
    let scores = scores(&model, &[(1, 1.0), (5, 1.0)])?;
    let least_odd = (1..20).step_by(2).map(|item| scores[item]).fold(f32::INFINITY, f32::min);
    let most_even = (0..20).step_by(2).map(|item| scores[item]).fold(f32::NEG_INFINITY, f32::max);
    assert!(least_odd > most_even, "{scores:?}");
    assert_eq!(model.item_factors()[20 * 4..], [0.0; 4]);
    Ok(())
}

#[test]
fn nobody_known_is_ranked_for_by_popularity() -> Result<(), Box<dyn std::error::Error>> {
    let model = trained()?;
    assert_eq!(scores(&model, &[])?, model.item_biases());
    Ok(())
}

#[test]
fn some_items_score_as_among_all_and_saved_parts_are_the_same_model() -> Result<(), Box<dyn std::error::Error>>
{
    let model = trained()?;
    let all = scores(&model, &[(3, 0.5), (4, 2.0)])?;
    let mut some = Vec::new();
    model.score(&model.fold_in(&[(3, 0.5), (4, 2.0)])?, &[7, 0, 7], &mut some)?;
    for (score, item) in some.iter().zip([7, 0, 7]) {
        assert!((score - all[item]).abs() < 1e-5);
    }
    let (factors, biases) = (model.item_factors().to_vec(), model.item_biases().to_vec());
    let again =
        SoftmaxModel::from_parts(model.config().clone(), factors, biases, model.item_counts().to_vec())?;
    assert_eq!(again, model);
    Ok(())
}

#[test]
fn training_is_the_same_again_and_can_be_stopped() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(trained()?, trained()?);
    let config = SoftmaxConfig { dim: 4, ..SoftmaxConfig::default() };
    let stopped = SoftmaxModel::train(&likes()?, &config, |update| {
        if update.done < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    assert_eq!(stopped, Err(SoftmaxError::Interrupted));
    Ok(())
}

#[test]
fn what_cannot_be_is_refused_by_name() -> Result<(), Box<dyn std::error::Error>> {
    let model = trained()?;
    let told = |e: Result<Vec<f32>, SoftmaxError>| e.map(|_| String::new()).unwrap_or_else(|e| e.to_string());
    assert_eq!(told(model.fold_in(&[(21, 1.0)])), "item 21 is out of range: there are 21");
    let expected = "confidence of item 2: expected a finite number above 0, got NaN";
    assert_eq!(told(model.fold_in(&[(2, f32::NAN)])), expected);
    assert_eq!(
        model.score(&[0.0; 4], &[30], &mut Vec::new()),
        Err(SoftmaxError::OutOfRange { item: 30, len: 21 })
    );
    let none = InteractionMatrix::from_triples(3, 3, [])?;
    let train = |config: SoftmaxConfig, likes: &InteractionMatrix| {
        SoftmaxModel::train(likes, &config, |_| ControlFlow::Continue(())).err()
    };
    assert_eq!(train(SoftmaxConfig::default(), &none), Some(SoftmaxError::NoInteractions));
    let config = SoftmaxConfig { max_items: 2, ..SoftmaxConfig::default() };
    assert_eq!(train(config, &none), Some(SoftmaxError::TooManyItems { items: 3, max_items: 2 }));
    let config = SoftmaxConfig { step_size: 0.0, ..SoftmaxConfig::default() };
    let error = train(config, &none).map(|e| e.to_string());
    assert_eq!(error.as_deref(), Some("softmax step_size: expected a finite number above 0, got 0"));
    let shape = SoftmaxModel::from_parts(SoftmaxConfig::default(), vec![0.0; 3], vec![0.0], vec![1.0]);
    assert_eq!(shape, Err(SoftmaxError::Shape { what: "item factors", expected: 64, got: 3 }));
    Ok(())
}
