//! Histories by chance: of an object that is what the model says, and what becomes of them when results are changed.

use tachograph::{History, HistoryBuilder, ProcessId, model::Model};

/// A small generator of numbers (xorshift64*), the same on every machine; or numbers that somebody chose.
pub struct Random {
    /// The last one comes first.
    chosen: Vec<u8>,
    state: u64,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Self {
            chosen: Vec::new(),
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        }
    }

    /// These, and when there are no more, any.
    #[allow(dead_code, reason = "for the fuzzer")]
    pub fn chosen(bytes: &[u8]) -> Self {
        Self {
            chosen: bytes.iter().rev().copied().collect(),
            ..Self::new(0)
        }
    }

    pub fn next(&mut self) -> u64 {
        if let Some(byte) = self.chosen.pop() {
            return byte.into();
        }
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What to make.
pub struct Shape {
    pub processes: u64,
    pub operations: u64,
    /// One operation in so many ends in `info`; 0 for none.
    pub info: u64,
    /// One operation in so many fails, and does not apply; 0 for none.
    pub fail: u64,
    /// Whether operations may still be open at the end.
    pub open_ends: bool,
}

impl Shape {
    /// Whose operations all complete, with what they return.
    pub const fn all_ok(processes: u64, operations: u64) -> Self {
        Self {
            processes,
            operations,
            info: 0,
            fail: 0,
            open_ends: false,
        }
    }
}

enum Client<M: Model> {
    Idle,
    Invoked(M::Op),
    /// It took effect (or never will), and completes in this way.
    Decided(End<M::Ret>),
}

enum End<R> {
    Ok(R),
    Fail,
    Info,
}

/// A history of an object that does each operation at one moment between its two events, as the model says.
///
/// An operation of unknown outcome takes effect at some moment, also long after its `info`, or never.
pub fn history<M: Model<Op: Clone, Ret: Clone>>(
    model: &M,
    shape: &Shape,
    random: &mut Random,
    mut op: impl FnMut(&mut Random) -> M::Op,
) -> History<M::Op, M::Ret> {
    let mut builder = HistoryBuilder::new();
    let mut state = model.initial();
    let mut clients: Vec<Client<M>> = (0..shape.processes).map(|_| Client::Idle).collect();
    let mut ids: Vec<u64> = (0..shape.processes).collect();
    // Crashed operations that may still take effect.
    let mut late: Vec<M::Op> = Vec::new();
    let mut left = shape.operations;
    loop {
        let busy = clients.iter().any(|client| !matches!(client, Client::Idle));
        if left == 0 && (!busy || shape.open_ends && random.one_in(4)) {
            return builder.finish().unwrap();
        }
        if !late.is_empty() && random.one_in(3) {
            let place = random.below(late.len() as u64) as usize;
            let op = late.swap_remove(place);
            if random.one_in(2) {
                model.apply(&mut state, &op);
            }
        }
        let slot = random.below(shape.processes) as usize;
        let process = ProcessId(ids[slot]);
        clients[slot] = match std::mem::replace(&mut clients[slot], Client::Idle) {
            Client::Idle if left == 0 => Client::Idle,
            Client::Idle => {
                left -= 1;
                let op = op(random);
                builder.invoke(process, op.clone());
                Client::Invoked(op)
            }
            Client::Invoked(op) => {
                Client::Decided(if shape.fail > 0 && random.one_in(shape.fail) {
                    End::Fail
                } else if shape.info > 0 && random.one_in(shape.info) {
                    match random.below(3) {
                        0 => drop(model.apply(&mut state, &op)),
                        1 => late.push(op),
                        _ => {}
                    }
                    End::Info
                } else {
                    End::Ok(model.apply(&mut state, &op))
                })
            }
            Client::Decided(end) => {
                match end {
                    End::Ok(ret) => builder.ok(process, ret),
                    End::Fail => builder.fail(process),
                    End::Info => {
                        ids[slot] += shape.processes;
                        builder.info(process)
                    }
                };
                Client::Idle
            }
        };
    }
}
