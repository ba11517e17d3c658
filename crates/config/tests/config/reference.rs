#[test]
fn the_reference_page_is_current() {
    let page = include_str!("../../../../docs/reference/configuration.md");
    assert!(
        page == docent_config::reference(),
        "docs/reference/configuration.md differs from the settings; run `just config-doc`"
    );
}
