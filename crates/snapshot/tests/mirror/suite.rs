use crate::{place::Place, publishing, pulling};

pub type Test = fn(&Place);

/// All tests that a store must pass, by name.
pub const ALL: &[(&str, Test)] = &[
    ("publishing::a_published_model_is_read_back", publishing::a_published_model_is_read_back),
    ("publishing::the_manifest_is_uploaded_last", publishing::the_manifest_is_uploaded_last),
    ("publishing::of_two_trainers_one_publishes", publishing::of_two_trainers_one_publishes),
    ("publishing::of_two_first_trainers_one_publishes", publishing::of_two_first_trainers_one_publishes),
    ("publishing::a_failed_upload_leaves_nothing", publishing::a_failed_upload_leaves_nothing),
    ("publishing::a_truncated_upload_is_not_published", publishing::a_truncated_upload_is_not_published),
    ("publishing::a_pointer_that_was_written_counts", publishing::a_pointer_that_was_written_counts),
    ("publishing::an_unknown_outcome_is_said", publishing::an_unknown_outcome_is_said),
    ("publishing::an_older_model_is_promoted", publishing::an_older_model_is_promoted),
    ("publishing::pruning_keeps_the_live_model", publishing::pruning_keeps_the_live_model),
    ("publishing::a_removed_model_is_not_promoted", publishing::a_removed_model_is_not_promoted),
    ("publishing::a_promoted_model_is_not_removed", publishing::a_promoted_model_is_not_removed),
    ("publishing::marks_of_killed_processes_expire", publishing::marks_of_killed_processes_expire),
    ("publishing::models_that_were_live_are_known", publishing::models_that_were_live_are_known),
    ("publishing::an_upload_without_a_lock_is_deleted", publishing::an_upload_without_a_lock_is_deleted),
    ("publishing::abandoned_uploads_are_removed", publishing::abandoned_uploads_are_removed),
    ("pulling::nothing_is_downloaded_twice", pulling::nothing_is_downloaded_twice),
    ("pulling::an_interrupted_download_goes_on", pulling::an_interrupted_download_goes_on),
    ("pulling::damaged_objects_are_refused", pulling::damaged_objects_are_refused),
    ("pulling::a_damaged_copy_is_downloaded_again", pulling::a_damaged_copy_is_downloaded_again),
    ("pulling::a_store_that_is_away_changes_nothing", pulling::a_store_that_is_away_changes_nothing),
    ("pulling::a_lost_pointer_changes_nothing", pulling::a_lost_pointer_changes_nothing),
    ("pulling::copies_are_bounded", pulling::copies_are_bounded),
    ("pulling::copies_by_their_id_are_bounded", pulling::copies_by_their_id_are_bounded),
    ("pulling::a_model_by_its_id_is_downloaded", pulling::a_model_by_its_id_is_downloaded),
    ("pulling::a_download_waits_for_another", pulling::a_download_waits_for_another),
];
