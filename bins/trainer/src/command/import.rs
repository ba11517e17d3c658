//! Converts the arguments of `import` to the files to read, with their mappings.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use docent_formats::{
    CiteulikeReader, Columns, FileMapping, InputFile, KNOWN_SETS, Kind, KnownSet, LocalFiles, Mapping,
    files_of, has_columns_of_set, members,
};

use crate::{
    cli::import::{FilesArgs, ImportOptions, ImportSource, MappingArgs, SetArgs},
    import::DataSet,
};

/// Returns the data set of the arguments.
pub fn data_set(source: ImportSource) -> anyhow::Result<(DataSet, ImportOptions)> {
    let (name, args) = match source {
        ImportSource::Files(args) => return Ok((DataSet::Files(files(&args)?), args.options)),
        ImportSource::Citeulike { folder, options } => {
            return Ok((DataSet::Citeulike(CiteulikeReader::in_folder(&folder)?), options));
        }
        ImportSource::Store { file } => {
            return Err(anyhow!("{}: expected rows, which are imported apart", file.display()));
        }
        ImportSource::Auto(args) => return Ok((DataSet::Files(recognised(&args)?), args.options)),
        ImportSource::Movielens(args) => ("movielens", args),
        ImportSource::Amazon(args) => ("amazon", args),
        ImportSource::Goodbooks(args) => ("goodbooks", args),
        ImportSource::BookCrossing(args) => ("book-crossing", args),
        ImportSource::Retailrocket(args) => ("retailrocket", args),
        ImportSource::Steam(args) => ("steam", args),
        ImportSource::Lastfm(args) => ("lastfm", args),
        ImportSource::Yelp(args) => ("yelp", args),
        ImportSource::Recbole(args) => ("recbole", args),
        ImportSource::Gorse(args) => ("gorse", args),
    };
    let set = KnownSet::named(name).ok_or_else(|| anyhow!("there is no data set {name}"))?;
    let files = set.find(&args.paths, &said(&args.mapping, None)?)?;
    Ok((DataSet::Files(files), args.options))
}

/// Returns the files of the known set that has most of them, or all files.
fn recognised(args: &SetArgs) -> anyhow::Result<Vec<InputFile>> {
    let said_first = said(&args.mapping, None)?;
    let mut best: Option<(KnownSet, Vec<InputFile>)> = None;
    for set in KNOWN_SETS {
        if let Ok(files) = set.find(&args.paths, &said_first)
            && best.as_ref().is_none_or(|(_, most)| files.len() > most.len())
            && has_columns_of_set(&files, &LocalFiles)
        {
            best = Some((set, files));
        }
    }
    if let Some((set, files)) = best {
        println!("note: the files are those of `import {}`", set.name);
        return Ok(files);
    }
    let mut all = Vec::new();
    for path in &args.paths {
        let mut files = if path.is_dir() { files_of(path)? } else { vec![path.clone()] };
        files.retain(|file| path == file || !is_about_the_data(file));
        for file in files {
            let members = members(&file)?;
            all.extend(if members.len() > 1 { members } else { vec![file] });
        }
    }
    all.into_iter().map(|path| input(path, None, &args.mapping)).collect()
}

/// Returns true for the files of a folder that tell about its data and hold none.
fn is_about_the_data(file: &Path) -> bool {
    let of = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let (stem, extension) = (of(file.file_stem()), of(file.extension()));
    ["readme", "license", "licence", "thumbs"].contains(&stem.as_str())
        || ["md", "pdf", "png", "jpg", "py", "ipynb"].contains(&extension.as_str())
}

fn files(args: &FilesArgs) -> anyhow::Result<Vec<InputFile>> {
    let kinds = [
        (&args.files, None),
        (&args.resources, Some(Kind::Resources)),
        (&args.links, Some(Kind::Links)),
        (&args.interactions, Some(Kind::Interactions)),
    ];
    let mut inputs = Vec::new();
    for (paths, kind) in kinds {
        for path in paths {
            if path.is_dir() {
                bail!(
                    "{} is a folder; expected files, or say `import auto {}`",
                    path.display(),
                    path.display()
                );
            }
            inputs.push(input(path.clone(), kind, &args.mapping)?);
        }
    }
    Ok(inputs)
}

fn input(path: PathBuf, kind: Option<Kind>, args: &MappingArgs) -> anyhow::Result<InputFile> {
    let mut mapping = said(args, Some(&path))?;
    mapping.kind = kind.or(mapping.kind);
    let stated = mapping
        .map
        .iter()
        .map(|(role, columns)| format!("{role}={}", columns.names().join(" or ")))
        .collect();
    Ok(InputFile { path, mapping, stated })
}

/// Returns the mapping that the options and, for a file, the mapping file say.
fn said(args: &MappingArgs, path: Option<&Path>) -> anyhow::Result<FileMapping> {
    let mut mapping = FileMapping {
        columns: args.columns.clone(),
        leave_out: args.leave_out.clone(),
        separator: args.separator.clone(),
        encoding: args.encoding.clone(),
        list_separator: args.list_separator.clone(),
        decimal: args.decimal.clone(),
        skip_lines: args.skip_lines.unwrap_or_default(),
        time_zone: args.time_zone,
        time_format: args.time_format.clone(),
        rating_scale: args.rating_scale,
        unrated: args.unrated.clone(),
        interaction_type: args.interaction_type.clone(),
        ..FileMapping::default()
    };
    for entry in &args.map {
        let (role, column) = pair("--map", entry, "ROLE=COLUMN such as user=visitorid")?;
        FileMapping::check_role(&role).map_err(|reason| anyhow!("--map {entry}: {reason}"))?;
        let columns = mapping.map.entry(role);
        columns.and_modify(|columns| columns.push(column.clone())).or_insert(Columns::One(column));
    }
    for entry in &args.types {
        let (event, kind) = pair("--types", entry, "EVENT=TYPE such as purchase=export")?;
        mapping.types.insert(event, kind);
    }
    let Some(file) = &args.mapping else { return Ok(mapping) };
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let kept: Mapping = text.parse().map_err(|reason| anyhow!("{}: {reason}", file.display()))?;
    let name =
        path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(match kept.of(&name) {
        Some(of_file) => mapping.or(of_file),
        None => mapping,
    })
}

fn pair(option: &str, entry: &str, expected: &str) -> anyhow::Result<(String, String)> {
    let parts = entry.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
    match parts {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(anyhow!("{option}: expected {expected}, got \"{entry}\"")),
    }
}
