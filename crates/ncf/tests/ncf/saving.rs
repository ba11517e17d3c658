//! A saved model loads unchanged, and incomplete models are refused.

use docent_ncf::{NamedTensor, NcfConfig, NcfError, NcfMetadata, NcfModel, train};

use crate::fixtures::{Board, bits, config};

fn saved() -> Result<(NcfMetadata, Vec<NamedTensor>), NcfError> {
    let layers = vec![16, 8, 4];
    Ok(train(&Board::new().data(), &NcfConfig { layers, ..config() }, &mut ())?.into_tensors())
}

#[test]
fn a_loaded_model_scores_as_the_saved_one_bit_for_bit() -> Result<(), Box<dyn std::error::Error>> {
    let board = Board::new();
    let model = train(&board.data(), &config(), &mut ())?;
    let (metadata, mut tensors) = model.to_tensors();
    tensors.reverse();
    let metadata: NcfMetadata = serde_json::from_str(&serde_json::to_string(&metadata)?)?;
    let loaded = NcfModel::from_tensors(metadata, tensors)?;
    assert_eq!(loaded, model);
    for user in 0..4 {
        let scores = board.scores(&model.scorer(), user)?;
        assert_eq!(bits(&board.scores(&loaded.scorer(), user)?), bits(&scores));
    }
    Ok(())
}

#[test]
fn every_missing_or_misshapen_tensor_is_named() -> Result<(), NcfError> {
    let (metadata, tensors) = saved()?;
    for at in 0..tensors.len() {
        let load = |change: &dyn Fn(&mut Vec<NamedTensor>)| {
            let mut changed = tensors.clone();
            change(&mut changed);
            NcfModel::from_tensors(metadata.clone(), changed).err()
        };
        let name = tensors[at].name.clone();
        let missing = load(&|tensors| drop(tensors.remove(at)));
        assert_eq!(missing, Some(NcfError::MissingTensor { name: name.clone() }));
        let misshapen = load(&|tensors| tensors[at].shape.push(1));
        assert!(matches!(misshapen, Some(NcfError::WrongShape { name: named, .. }) if named == name));
        let short = load(&|tensors| tensors[at].data.clear());
        assert!(matches!(short, Some(NcfError::WrongLength { what, .. }) if what == name));
        let nan = load(&|tensors| tensors[at].data[0] = f32::NAN);
        assert!(matches!(nan, Some(NcfError::NotFinite { what, .. }) if what == name));
        let twice = load(&|tensors| tensors.push(tensors[at].clone()));
        assert_eq!(twice, Some(NcfError::UnexpectedTensor { name: name.clone() }));
        let more = load(&|tensors| tensors.push(NamedTensor { name: "more".into(), ..tensors[at].clone() }));
        assert_eq!(more, Some(NcfError::UnexpectedTensor { name: "more".into() }));
    }
    Ok(())
}

#[test]
fn a_newer_format_is_refused() -> Result<(), NcfError> {
    let (metadata, tensors) = saved()?;
    let newer = NcfMetadata { format: metadata.format + 1, ..metadata };
    let result = NcfModel::from_tensors(newer, tensors);
    assert_eq!(result.err(), Some(NcfError::UnsupportedFormat { found: 3, supported: 2 }));
    Ok(())
}
