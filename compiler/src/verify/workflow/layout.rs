//! A workflow laid out flat: every statement at every place where it can run.
//!
//! A nested workflow is laid out where it is run, so that its statements are seen with the arguments and the failures of
//! that place. Of a loop two rounds are laid out, an earlier and a later one: rounds share nothing but what was bound
//! before the loop, so that whatever can go wrong in one round, or between two rounds, goes wrong with these two.

use gov_plan::model::{Node, NodeKind, Package, Step, Target, Workflow};

/// The most places that are laid out. Nested loops and workflows multiply, and no workflow that a person reads comes near.
const MAX_PLACES: usize = 20_000;

/// A place: an index into [`Layout::places`]. Where one place always comes before another, its number is smaller, but for
/// `after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceId(pub usize);

/// A block: an index into [`Layout::blocks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub usize);

/// A frame: an index into [`Layout::frames`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(pub usize);

/// The layout of a workflow.
#[derive(Debug)]
pub struct Layout<'m> {
    /// The package.
    pub package: &'m Package,
    /// The workflow itself first, then every run of a nested one.
    pub frames: Vec<Frame<'m>>,
    /// The bodies, arms, branches and rounds.
    pub blocks: Vec<Block>,
    /// The statements.
    pub places: Vec<Place<'m>>,
    /// What `after` says: the first place ends before the second starts.
    edges: Vec<(PlaceId, PlaceId)>,
}

/// A run of a workflow.
#[derive(Debug)]
pub struct Frame<'m> {
    /// Which workflow.
    pub workflow: &'m Workflow,
    /// The step that runs it; none for the workflow that is looked at.
    pub caller: Option<PlaceId>,
    /// Its body.
    pub body: BlockId,
}

/// Statements in order.
#[derive(Debug)]
pub struct Block {
    /// The statement that it belongs to; none for the outermost body.
    pub owner: Option<PlaceId>,
    /// The statements.
    pub places: Vec<PlaceId>,
}

/// A statement at a place.
#[derive(Debug)]
pub struct Place<'m> {
    /// The statement.
    pub node: &'m Node,
    /// The run that it belongs to.
    pub frame: FrameId,
    /// The block that it stands in.
    pub block: BlockId,
    /// Its index in the block.
    index: usize,
    /// How many statements are around it.
    depth: usize,
    /// The blocks that belong to it: arms (the last is `else`), branches, rounds (earlier, later), the nested body.
    pub inner: Vec<BlockId>,
}

/// Why a workflow has no layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayoutError {
    /// More than can be looked at.
    TooLarge,
    /// It runs a workflow that is not there, or itself.
    Unsettled,
}

impl<'m> Layout<'m> {
    /// Lays a workflow out.
    pub fn new(package: &'m Package, workflow: &'m Workflow) -> Result<Layout<'m>, LayoutError> {
        let mut layout =
            Layout { package, frames: Vec::new(), blocks: Vec::new(), places: Vec::new(), edges: Vec::new() };
        layout.frame(workflow, None, &mut Vec::new())?;
        layout.edges = layout.after_edges();
        Ok(layout)
    }

    /// The statement at a place.
    pub fn place(&self, id: PlaceId) -> Option<&Place<'m>> {
        self.places.get(id.0)
    }

    /// The statements of a block.
    pub fn block(&self, id: BlockId) -> &[PlaceId] {
        self.blocks.get(id.0).map_or(&[], |block| block.places.as_slice())
    }

    /// The workflow that a place belongs to.
    pub fn workflow(&self, id: PlaceId) -> Option<&'m Workflow> {
        let place = self.place(id)?;
        self.frames.get(place.frame.0).map(|frame| frame.workflow)
    }

    /// The step at a place, if it is one.
    pub fn step(&self, id: PlaceId) -> Option<&'m Step> {
        match &self.place(id)?.node.kind {
            NodeKind::Step(step) => Some(step),
            _ => None,
        }
    }

    /// The frame that a frame's caller belongs to.
    pub fn caller(&self, frame: FrameId) -> Option<FrameId> {
        let caller = self.frames.get(frame.0)?.caller?;
        self.place(caller).map(|place| place.frame)
    }

    /// Whether the workflow goes on when a step fails.
    pub fn catches(&self, step: PlaceId) -> bool {
        self.step(step).is_some_and(|step| step.continues_on_failure)
    }

    /// The outermost run that a failure at this place ends.
    pub fn ended_by(&self, place: PlaceId) -> FrameId {
        self.ended_with(self.place(place).map_or(FrameId(0), |place| place.frame))
    }

    /// The outermost run that ends when this one fails.
    pub fn ended_with(&self, mut frame: FrameId) -> FrameId {
        while let Some(caller) = self.frames.get(frame.0).and_then(|frame| frame.caller) {
            if self.catches(caller) {
                break;
            }
            frame = self.place(caller).map_or(FrameId(0), |place| place.frame);
        }
        frame
    }

    /// The workflows that a place runs in, the innermost first.
    pub fn workflows_around(&self, id: PlaceId) -> Vec<&'m Workflow> {
        let frame = self.place(id).map(|place| place.frame);
        let frames = std::iter::successors(frame, |at| self.caller(*at));
        frames.filter_map(|at| self.frames.get(at.0)).map(|frame| frame.workflow).collect()
    }

    /// Whether a frame is another one or runs in it.
    pub fn runs_in(&self, inner: FrameId, outer: FrameId) -> bool {
        std::iter::successors(Some(inner), |at| self.caller(*at)).any(|at| at == outer)
    }

    /// The steps that run the frames around a place, the nearest first.
    pub fn callers(&self, id: PlaceId) -> impl Iterator<Item = PlaceId> + use<'_, 'm> {
        let frame = self.place(id).map(|place| place.frame);
        let frames = std::iter::successors(frame, |at| self.caller(*at));
        frames.filter_map(|at| self.frames.get(at.0)?.caller)
    }

    /// Every place, in order.
    pub fn ids(&self) -> impl Iterator<Item = PlaceId> + use<> {
        (0..self.places.len()).map(PlaceId)
    }

    /// The statement around a place, if there is one.
    pub fn parent(&self, id: PlaceId) -> Option<PlaceId> {
        self.blocks.get(self.place(id)?.block.0)?.owner
    }

    /// The statements around a place, the nearest first.
    pub fn ancestors(&self, id: PlaceId) -> impl Iterator<Item = PlaceId> + use<'_, 'm> {
        std::iter::successors(self.parent(id), |at| self.parent(*at))
    }

    /// The places that `after` puts before this one.
    pub fn after(&self, id: PlaceId) -> impl Iterator<Item = PlaceId> + use<'_, 'm> {
        self.edges.iter().filter(move |(_, later)| *later == id).map(|(earlier, _)| *earlier)
    }

    /// Whether the first contains the second.
    pub fn contains(&self, outer: PlaceId, inner: PlaceId) -> bool {
        self.ancestors(inner).any(|at| at == outer)
    }

    /// Whether wherever both run, the first has ended before the second starts.
    pub fn before(&self, first: PlaceId, second: PlaceId) -> bool {
        if self.relation(first, second) == Relation::Before {
            return true;
        }
        if self.edges.is_empty() {
            return false;
        }
        // A walk along the edges: `at` has not started before `first` has ended.
        let mut seen = Vec::new();
        let mut open: Vec<PlaceId> = self.edges_from(first);
        while let Some(at) = open.pop() {
            if at == second || self.contains(at, second) || self.relation(at, second) == Relation::Before {
                return true;
            }
            if !seen.contains(&at) {
                seen.push(at);
                open.extend(self.edges_from(at));
            }
        }
        false
    }

    /// Whether no execution reaches both.
    pub fn exclusive(&self, one: PlaceId, other: PlaceId) -> bool {
        self.relation(one, other) == Relation::Exclusive
    }

    /// Where edges lead that start when this place, or one that has to end after it, ends.
    fn edges_from(&self, id: PlaceId) -> Vec<PlaceId> {
        let ends_before = |x: PlaceId| x == id || self.contains(x, id) || self.relation(id, x) == Relation::Before;
        self.edges.iter().filter(|(x, _)| ends_before(*x)).map(|(_, y)| *y).collect()
    }

    /// How two places stand in the tree, `after` aside.
    fn relation(&self, one: PlaceId, other: PlaceId) -> Relation {
        let (mut a, mut b) = (one, other);
        let depth = |id: PlaceId| self.place(id).map_or(0, |place| place.depth);
        while depth(a) > depth(b) {
            let Some(up) = self.parent(a) else { return Relation::None };
            a = up;
        }
        while depth(b) > depth(a) {
            let Some(up) = self.parent(b) else { return Relation::None };
            b = up;
        }
        if a == b {
            return Relation::None;
        }
        loop {
            let (Some(left), Some(right)) = (self.place(a), self.place(b)) else { return Relation::None };
            if left.block == right.block {
                return if left.index < right.index { Relation::Before } else { Relation::After };
            }
            let (Some(above), Some(beside)) = (self.parent(a), self.parent(b)) else { return Relation::None };
            if above == beside {
                return self.siblings(above, left.block, right.block);
            }
            (a, b) = (above, beside);
        }
    }

    /// How two blocks of one statement stand to each other.
    fn siblings(&self, owner: PlaceId, left: BlockId, right: BlockId) -> Relation {
        match self.place(owner).map(|place| &place.node.kind) {
            Some(NodeKind::If { .. }) => Relation::Exclusive,
            Some(NodeKind::For { parallel: false, .. }) if left < right => Relation::Before,
            Some(NodeKind::For { parallel: false, .. }) => Relation::After,
            _ => Relation::None,
        }
    }

    fn frame(
        &mut self,
        workflow: &'m Workflow,
        caller: Option<PlaceId>,
        running: &mut Vec<&'m str>,
    ) -> Result<BlockId, LayoutError> {
        if running.contains(&workflow.name.as_str()) {
            return Err(LayoutError::Unsettled);
        }
        running.push(&workflow.name);
        let frame = FrameId(self.frames.len());
        self.frames.push(Frame { workflow, caller, body: BlockId(self.blocks.len()) });
        let body = self.lay(&workflow.body, frame, caller, running)?;
        running.pop();
        Ok(body)
    }

    fn lay(
        &mut self,
        nodes: &'m [Node],
        frame: FrameId,
        owner: Option<PlaceId>,
        running: &mut Vec<&'m str>,
    ) -> Result<BlockId, LayoutError> {
        let block = BlockId(self.blocks.len());
        self.blocks.push(Block { owner, places: Vec::new() });
        let depth = owner.and_then(|owner| self.place(owner)).map_or(0, |place| place.depth + 1);
        for (index, node) in nodes.iter().enumerate() {
            if self.places.len() >= MAX_PLACES {
                return Err(LayoutError::TooLarge);
            }
            let id = PlaceId(self.places.len());
            self.places.push(Place { node, frame, block, index, depth, inner: Vec::new() });
            if let Some(block) = self.blocks.get_mut(block.0) {
                block.places.push(id);
            }
            let inner = self.inner(node, id, frame, running)?;
            if let Some(place) = self.places.get_mut(id.0) {
                place.inner = inner;
            }
        }
        Ok(block)
    }

    fn inner(
        &mut self,
        node: &'m Node,
        id: PlaceId,
        frame: FrameId,
        running: &mut Vec<&'m str>,
    ) -> Result<Vec<BlockId>, LayoutError> {
        let mut inner = Vec::new();
        match &node.kind {
            NodeKind::If { arms, otherwise } => {
                for (_, arm) in arms {
                    inner.push(self.lay(arm, frame, Some(id), running)?);
                }
                inner.push(self.lay(otherwise, frame, Some(id), running)?);
            }
            NodeKind::Parallel { branches } => {
                for branch in branches {
                    inner.push(self.lay(std::slice::from_ref(branch), frame, Some(id), running)?);
                }
            }
            NodeKind::For { limit, body, .. } => {
                for _ in 0..(*limit).min(2) {
                    inner.push(self.lay(body, frame, Some(id), running)?);
                }
            }
            NodeKind::Step(step) => {
                if let Target::Run { workflow, .. } = &step.target {
                    let nested = self.package.workflow(workflow).ok_or(LayoutError::Unsettled)?;
                    inner.push(self.frame(nested, Some(id), running)?);
                }
            }
            _ => {}
        }
        Ok(inner)
    }

    /// `after` names what other branches of the same block bind.
    fn after_edges(&self) -> Vec<(PlaceId, PlaceId)> {
        let mut edges = Vec::new();
        for id in self.ids() {
            for name in self.step(id).map_or(&[][..], |step| step.after.as_slice()) {
                let named = self.ancestors(id).find_map(|around| self.branch(around, name));
                edges.extend(named.filter(|earlier| *earlier != id).map(|earlier| (earlier, id)));
            }
        }
        edges
    }

    /// The branch of a `parallel` that binds this name.
    fn branch(&self, parallel: PlaceId, name: &str) -> Option<PlaceId> {
        let place = self.place(parallel).filter(|place| matches!(place.node.kind, NodeKind::Parallel { .. }))?;
        let branches = place.inner.iter().filter_map(|block| self.block(*block).first());
        branches.copied().find(|branch| self.place(*branch).is_some_and(|place| binds(place.node) == Some(name)))
    }
}

/// The name that a statement binds itself.
pub(super) fn binds(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Step(step) => Some(&step.name),
        NodeKind::Approval { name, .. } | NodeKind::Let { name, .. } => Some(name),
        _ => None,
    }
}

/// How two places stand in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Before,
    After,
    Exclusive,
    /// One contains the other, or they may run at once.
    None,
}
