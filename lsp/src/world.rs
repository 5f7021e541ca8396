//! What is known at one moment: the open documents, the packages that they belong to, and what a check of each finds.
//!
//! A world does not change. An edit makes a new one that shares with the old one all that the edit leaves alone; what is
//! read and checked is read and checked once, by whoever asks first.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use gen_lsp_types::{Location, Range, Uri};
use gov_compiler::diagnostic::Diagnostic;
use gov_compiler::index::{Definition, Index};
use gov_compiler::package::{Checked, Indexed, Parsed, ParsedInput};
use gov_compiler::source::{FileId, Sources, Span};
use gov_plan::model;
use gov_workspace::Texts;

use crate::capabilities::Client;
use crate::position::{Encoding, Lines};
use crate::proofs::{Digest, Item, Known, digest};

/// What is known at one moment.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The packages that open documents belong to, and those of the client's folders.
    pub units: Vec<Arc<Unit>>,
    /// The open documents, by place.
    pub open: HashMap<PathBuf, Open>,
    /// Manifests, and files that could not be read.
    pub manifests: Arc<Vec<Manifest>>,
    /// What positions count.
    pub encoding: Encoding,
    /// What the client can do.
    pub client: Arc<Client>,
    /// What is known of the proofs.
    pub proofs: Arc<Known>,
}

/// A manifest, or a file that could not be read, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Where it is.
    pub place: PathBuf,
    /// Its text; empty for a file that could not be read.
    pub text: Arc<str>,
    /// What is wrong with it.
    pub found: Vec<Diagnostic>,
}

/// A document that is open in the client, whose text is the one that counts.
#[derive(Clone, Debug)]
pub struct Open {
    /// As the client names it.
    pub uri: Uri,
    /// Its version.
    pub version: i32,
    /// Its text.
    pub text: Arc<str>,
}

/// A file of a package.
#[derive(Debug)]
pub struct Source {
    /// Its path as users see it.
    pub shown: String,
    /// Where it is; for a document that is on no disk, its URI.
    pub place: PathBuf,
    /// How its places are counted.
    pub lines: Lines,
    parsed: OnceLock<Arc<Parsed>>,
    /// The tree of an earlier text of it, until its own is made.
    earlier: Mutex<Option<Arc<Parsed>>>,
}

impl Source {
    /// A file with its text.
    pub fn new(shown: String, place: PathBuf, text: Arc<str>) -> Source {
        Source { shown, place, lines: Lines::new(text), parsed: OnceLock::new(), earlier: Mutex::new(None) }
    }

    /// The same file with another text.
    fn edited(&self, text: Arc<str>) -> Source {
        let own = self.parsed.get().cloned();
        let earlier = own.or_else(|| self.earlier.lock().ok().and_then(|earlier| earlier.clone()));
        let new = Source::new(self.shown.clone(), self.place.clone(), text);
        Source { earlier: Mutex::new(earlier), ..new }
    }

    /// Its text.
    pub fn text(&self) -> &Arc<str> {
        self.lines.text()
    }

    /// Its tree.
    pub fn parsed(&self) -> &Arc<Parsed> {
        self.parsed.get_or_init(|| {
            let earlier = self.earlier.lock().ok().and_then(|mut earlier| earlier.take());
            let text = Arc::clone(self.text());
            Arc::new(
                earlier
                    .map_or_else(|| Parsed::new(self.shown.clone(), text.clone()), |known| known.edited(text.clone())),
            )
        })
    }
}

/// A package, with those that it uses.
#[derive(Debug)]
pub struct Unit {
    /// The name that its manifest gives it.
    pub name: Option<String>,
    /// Its files.
    pub own: Vec<Arc<Source>>,
    /// The packages that it uses.
    pub dependencies: Vec<(String, Vec<Arc<Source>>)>,
    /// Whether something of it could not be read: what a check says of the rest would mislead.
    pub broken: bool,
    indexed: OnceLock<Indexed>,
    digests: OnceLock<BTreeMap<Item, Digest>>,
}

impl Unit {
    fn new(
        name: Option<String>,
        own: Vec<Arc<Source>>,
        dependencies: Vec<(String, Vec<Arc<Source>>)>,
        broken: bool,
    ) -> Unit {
        Unit { name, own, dependencies, broken, indexed: OnceLock::new(), digests: OnceLock::new() }
    }

    /// Every file, in the order of the check's files.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.own.iter().chain(self.dependencies.iter().flat_map(|(_, files)| files))
    }

    /// The file that the check knows by a number; none for those of standard modules.
    pub fn source(&self, file: FileId) -> Option<&Arc<Source>> {
        self.sources().nth(file.0 as usize)
    }

    /// The number of a file.
    pub fn file(&self, place: &Path) -> Option<FileId> {
        self.sources().position(|source| source.place == place).map(|index| FileId(index as u32))
    }

    /// Where the package is: the place of its first file.
    pub fn key(&self) -> &Path {
        self.own.first().map_or(Path::new(""), |source| &source.place)
    }

    /// What the check takes, with some of the files replaced.
    pub fn input(&self, replaced: &[(FileId, Arc<Parsed>)]) -> ParsedInput {
        let mut number = 0;
        let mut read = |source: &Arc<Source>| {
            let file = FileId(number);
            number += 1;
            let new = replaced.iter().find(|(wanted, _)| *wanted == file).map(|(_, parsed)| parsed);
            Arc::clone(new.unwrap_or_else(|| source.parsed()))
        };
        let files = self.own.iter().map(&mut read).collect();
        let dependency =
            |(name, files): &(String, Vec<Arc<Source>>)| (name.clone(), files.iter().map(&mut read).collect());
        ParsedInput { name: self.name.clone(), files, dependencies: self.dependencies.iter().map(dependency).collect() }
    }

    /// What the check found, syntax, names and types.
    pub fn indexed(&self) -> &Indexed {
        self.indexed.get_or_init(|| gov_compiler::check_indexed(&self.input(&[])))
    }

    /// The findings, and the texts that they point into.
    pub fn checked(&self) -> &Checked {
        &self.indexed().checked
    }

    /// What the names stand for.
    pub fn index(&self) -> &Index {
        &self.indexed().index
    }

    /// What the package means, as far as it could be made.
    pub fn model(&self) -> Option<&model::Package> {
        self.indexed().model()
    }

    /// What the proofs of each item depend on.
    pub fn digests(&self) -> &BTreeMap<Item, Digest> {
        self.digests.get_or_init(|| digest::digests(self))
    }

    /// Whether a file is the package's own.
    pub fn is_own(&self, file: FileId) -> bool {
        (file.0 as usize) < self.own.len()
    }

    /// The item of the package that a span is in.
    pub fn item_at(&self, span: Span) -> Option<&Definition> {
        let all = self.index().definitions();
        let until = all.partition_point(|one| (one.at.file, one.at.start) <= (span.file, span.end));
        // An item's name stands behind its start, but parts of it stand behind that.
        let items = all.get(..(until + 1).min(all.len())).unwrap_or_default().iter().rev();
        items.filter(|one| one.owner.is_none()).take(3).find(|one| one.whole.contains(span))
    }

    /// Whether another unit is of the very same files.
    fn is_like(&self, other: &Unit) -> bool {
        let names =
            |unit: &Unit| unit.dependencies.iter().map(|(name, files)| (name.clone(), files.len())).collect::<Vec<_>>();
        self.name == other.name
            && self.broken == other.broken
            && self.own.len() == other.own.len()
            && names(self) == names(other)
            && self.sources().zip(other.sources()).all(|(one, other)| Arc::ptr_eq(one, other))
    }

    /// The same with another text in a file; nothing where the file is no part of it.
    fn with(&self, new: &Arc<Source>) -> Option<Unit> {
        self.file(&new.place)?;
        let replace =
            |source: &Arc<Source>| if source.place == new.place { Arc::clone(new) } else { Arc::clone(source) };
        let own = self.own.iter().map(replace).collect();
        let all = |files: &Vec<Arc<Source>>| files.iter().map(replace).collect();
        let dependencies = self.dependencies.iter().map(|(name, files)| (name.clone(), all(files))).collect();
        Some(Unit::new(self.name.clone(), own, dependencies, self.broken))
    }
}

impl World {
    /// The packages that the open documents and the folders belong to, read again. Files that have not changed are not
    /// parsed again.
    pub fn reload(&self, current: &Path, folders: &[PathBuf]) -> World {
        let texts: Texts = self.open.iter().map(|(place, open)| (place.clone(), Arc::clone(&open.text))).collect();
        let mut paths: Vec<PathBuf> = self.open.keys().cloned().chain(folders.iter().cloned()).collect();
        paths.sort();
        let workspace = gov_workspace::find_open(current, &paths, &texts);
        let mut known: HashMap<(PathBuf, Arc<str>), Arc<Source>> = HashMap::new();
        for source in self.units.iter().flat_map(|unit| unit.sources()) {
            known.insert((source.place.clone(), Arc::clone(source.text())), Arc::clone(source));
        }
        let mut source = |file: &gov_workspace::File| {
            let key = (file.place.clone(), Arc::clone(&file.text));
            let made = || Arc::new(Source::new(file.path.clone(), file.place.clone(), Arc::clone(&file.text)));
            Arc::clone(known.entry(key).or_insert_with(made))
        };
        let mut units = Vec::new();
        for package in &workspace.packages {
            let own = package.files.iter().map(&mut source).collect();
            let dependency = |one: &gov_workspace::Dependency| {
                (one.name.clone(), one.files.iter().map(&mut source).collect::<Vec<_>>())
            };
            let dependencies = package.dependencies.iter().map(dependency).collect();
            let unit = Unit::new(package.name.clone(), own, dependencies, package.broken);
            let same = self.units.iter().find(|known| known.is_like(&unit));
            units.push(same.map_or_else(|| Arc::new(unit), Arc::clone));
        }
        // A document that is on no disk is a package of its own.
        for (place, open) in &self.open {
            let is_known = units.iter().any(|unit: &Arc<Unit>| unit.file(place).is_some());
            if !is_known && !is_manifest(place) {
                let shown =
                    place.file_name().map_or_else(|| open.uri.to_string(), |name| name.to_string_lossy().into_owned());
                let own = vec![Arc::new(Source::new(shown, place.clone(), Arc::clone(&open.text)))];
                units.push(Arc::new(Unit::new(None, own, Vec::new(), false)));
            }
        }
        let manifests = Arc::new(manifests(current, &workspace.sources, &workspace.diagnostics));
        let mut proofs = Known::clone(&self.proofs);
        proofs.retain(|key| units.iter().any(|unit| unit.key() == key));
        World { units, manifests, proofs: Arc::new(proofs), ..self.clone() }
    }

    /// The world after a document has another text.
    pub fn edited(&self, place: &Path, version: i32, text: Arc<str>) -> World {
        let mut world = self.clone();
        if let Some(open) = world.open.get_mut(place) {
            open.version = version;
            open.text = Arc::clone(&text);
        }
        let known = self.units.iter().find_map(|unit| unit.sources().find(|source| source.place == place));
        let Some(new) = known.map(|source| Arc::new(source.edited(text))) else { return world };
        for unit in &mut world.units {
            if let Some(changed) = unit.with(&new) {
                *unit = Arc::new(changed);
            }
        }
        world
    }

    /// The package that a file belongs to, or else one that uses it.
    pub fn unit(&self, place: &Path) -> Option<&Arc<Unit>> {
        let owns = |unit: &&Arc<Unit>| unit.own.iter().any(|source| source.place == place);
        self.units.iter().find(owns).or_else(|| self.units.iter().find(|unit| unit.file(place).is_some()))
    }

    /// How the client names a file.
    pub fn uri(&self, place: &Path) -> Uri {
        match self.open.get(place) {
            Some(open) => open.uri.clone(),
            None => uri_of(place),
        }
    }
}

/// One package and a file of it, as a request about a document sees them.
#[derive(Clone, Debug)]
pub struct View {
    /// The world that it is part of.
    pub world: Arc<World>,
    /// The package.
    pub unit: Arc<Unit>,
    /// The file.
    pub file: FileId,
    /// The file's text and tree.
    pub source: Arc<Source>,
}

impl View {
    /// The view of a document.
    pub fn of(world: &Arc<World>, uri: &Uri) -> Option<View> {
        let place = place_of(uri);
        let unit = world.unit(&place)?;
        let file = unit.file(&place)?;
        let source = unit.source(file)?;
        Some(View { world: Arc::clone(world), unit: Arc::clone(unit), file, source: Arc::clone(source) })
    }

    /// Where a position of the document is, in bytes.
    pub fn offset(&self, position: gen_lsp_types::Position) -> u32 {
        self.source.lines.offset(position, self.world.encoding)
    }

    /// The range of a span of any file of the package.
    pub fn range(&self, span: Span) -> Range {
        match self.unit.source(span.file) {
            Some(source) => source.lines.range(span.start, span.end, self.world.encoding),
            // A standard module, which is never edited.
            None => {
                let text = self.unit.checked().sources.text(span.file);
                Lines::new(text.into()).range(span.start, span.end, self.world.encoding)
            }
        }
    }

    /// The range of a span of the document.
    pub fn range_here(&self, span: gov_grammar::Span) -> Range {
        self.source.lines.range(span.start, span.end, self.world.encoding)
    }

    /// The place of a span. A standard module is written to where the client can read it.
    pub fn location(&self, span: Span) -> Option<Location> {
        Some(Location { uri: self.uri(span.file)?, range: self.range(span) })
    }

    /// How the client names a file of the package.
    pub fn uri(&self, file: FileId) -> Option<Uri> {
        match self.unit.source(file) {
            Some(source) => Some(self.world.uri(&source.place)),
            None => standard(&self.unit.checked().sources, file),
        }
    }

    /// A span of the document.
    pub fn span(&self, span: gov_grammar::Span) -> Span {
        Span::new(self.file, span.start, span.end)
    }
}

/// The file of a standard module, in a folder of the system's for what may go away.
fn standard(sources: &Sources, file: FileId) -> Option<Uri> {
    let source = sources.get(file)?;
    let folder = std::env::temp_dir().join(concat!("gov-std-", env!("CARGO_PKG_VERSION")));
    let place = folder.join(source.path());
    if std::fs::read_to_string(&place).ok().as_deref() != Some(source.text()) {
        std::fs::create_dir_all(place.parent()?).ok()?;
        std::fs::write(&place, source.text().as_bytes()).ok()?;
    }
    Some(uri_of(&place))
}

/// The place that a URI names; for one that names no file, the URI itself.
pub fn place_of(uri: &Uri) -> PathBuf {
    let path =
        url::Url::parse(&uri.0).ok().filter(|url| url.scheme() == "file").and_then(|url| url.to_file_path().ok());
    match path {
        Some(path) => path.canonicalize().unwrap_or_else(|_| {
            // A new file has no whole path of its own yet, but its folder has.
            let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
            folder.zip(path.file_name()).map_or(path.clone(), |(folder, name)| folder.join(name))
        }),
        None => PathBuf::from(&uri.0),
    }
}

/// The URI of a place.
pub fn uri_of(place: &Path) -> Uri {
    match url::Url::from_file_path(place) {
        Ok(url) => Uri(url.to_string()),
        Err(()) => Uri(place.to_string_lossy().into_owned()),
    }
}

fn is_manifest(place: &Path) -> bool {
    place.file_name().is_some_and(|name| name == gov_compiler::manifest::FILE_NAME)
}

/// The manifests and unreadable files that were met, each with its findings.
fn manifests(current: &Path, sources: &Sources, found: &[Diagnostic]) -> Vec<Manifest> {
    let manifest = |(file, source): (FileId, &gov_compiler::source::SourceFile)| {
        let shown = current.join(source.path());
        let place = shown.canonicalize().unwrap_or(shown);
        let found = found.iter().filter(|found| found.primary.span.file == file).cloned().collect();
        Manifest { place, text: Arc::clone(source.text()), found }
    };
    sources.iter().map(manifest).collect()
}
