use docent_domain::Histories;

use super::*;

fn data(n_users: u32, is_ordered: bool) -> FitData {
    let events = (0..n_users).flat_map(|user| (0..4).map(move |at| (user, Event::of(4 * user + at))));
    let histories = Histories::new(n_users as usize, 4 * n_users as usize, events, is_ordered).unwrap();
    FitData::new(histories)
}

fn cut(data: &FitData) -> Validation {
    Validation::cut(data, Objective::Full { k: 3 }, 1).unwrap()
}

#[test]
fn one_event_of_a_user_is_held_out_and_the_rest_is_trained_on() {
    let data = data(100, false);
    let validation = cut(&data);
    assert_eq!((validation.len(), validation.train().histories().len()), (16, 384));
    let mut places = [0; 4];
    for case in &validation.cases {
        let user = case.item / 4;
        places[case.item as usize % 4] += 1;
        assert_eq!(validation.train().histories().of(user), case.history);
        assert_eq!(case.seen.len(), 3);
        assert!(case.history.iter().all(|event| event.item != case.item && event.item / 4 == user));
    }
    assert!(places.iter().filter(|count| **count > 0).count() > 2, "at random: {places:?}");
}

#[test]
fn the_latest_event_is_held_out_where_there_is_an_order() {
    let validation = cut(&data(100, true));
    assert!(validation.cases.iter().all(|case| case.item % 4 == 3));
}

#[test]
fn equal_scores_earn_nothing_and_a_score_for_the_held_out_item_alone_everything() {
    let data = data(100, true);
    let validation = cut(&data);
    let flat = validation.gains_by(MAX_CASES_COMPARED, |_| Ok(vec![1.0; 400])).unwrap();
    assert_eq!(flat, [0.0; 16]);
    let perfect = validation.gains_by(10, |history| {
        let held_out = history.last().map_or(0, |event| event.item + 1);
        Ok((0..400).map(|item| f32::from(u8::from(item == held_out))).collect())
    });
    assert_eq!(perfect.unwrap(), [1.0; 8], "an even sample of at most ten");
}

#[test]
fn an_error_of_one_case_is_the_error_of_the_evaluation() {
    let validation = cut(&data(100, true));
    let failing = validation.cases.last().unwrap().history.clone();
    let failed = validation.gains_by(MAX_CASES_COMPARED, |history| {
        if history == failing {
            return Err(ModelError::Invalid { id: "member".into(), reason: "it fails".into() });
        }
        Ok(vec![1.0; 400])
    });
    assert!(matches!(&failed, Err(ModelError::Invalid { id, .. }) if id == "member"), "{failed:?}");
}

#[test]
fn users_with_two_events_make_no_validation_set() {
    let events = (0..50).flat_map(|user| [(user, Event::of(0)), (user, Event::of(1))]);
    let data = FitData::new(Histories::new(50, 2, events, true).unwrap());
    assert!(Validation::cut(&data, Objective::Full { k: 3 }, 1).is_none());
}

#[test]
fn an_item_that_may_be_asked_for_again_is_ranked() {
    let history = [3, 1].map(Event::of).to_vec();
    assert_eq!(Case::new(history.clone(), 5, &[5, 9], false).seen, [1, 3, 9]);
    let repeated = Case::new(history, 1, &[], true);
    assert_eq!(repeated.rank(&[0.0, 2.0, 3.0, 1.0]), (1, 3));
}
