//! Metering, injected into a module before it runs.
//!
//! The chain charges at the head of every instruction sequence (body, block, loop, arm of an if)
//! 2 CosmWasm gas for each instruction of that sequence, nested sequences when they are entered, and
//! 8,192 per page before memory grows. Here a global counts down what is left. The chain compares
//! at every head; here the comparison stands only where execution can run on without end, at
//! the heads of functions and loops, and the engine looks at the counter at every host call and at
//! the end. That cuts the cost of metering and cannot be told apart: nothing a contract does
//! between two comparisons leaves its own memory.

use walrus::ir::Visitor;
use walrus::ir::{dfs_in_order, BinaryOp, Instr, InstrSeq, InstrSeqId, Loop, UnaryOp, Value};
use walrus::{
    ConstExpr, FunctionBuilder, FunctionId, GlobalId, LocalFunction, Module, ModuleConfig, ValType,
};

use crate::gas;
use crate::upload::{UploadError, MAX_PAGES_RUN};

/// Export of the counter: CosmWasm gas left, negative once it ran out.
pub const GAS_LEFT: &str = "gas_limit";

/// The module with metering and with its memory limited to [`MAX_PAGES_RUN`].
pub fn inject(wasm: &[u8]) -> Result<Vec<u8>, UploadError> {
    let mut module = ModuleConfig::new()
        .generate_producers_section(false)
        .generate_name_section(false)
        .parse(wasm)
        .map_err(|e| UploadError::Invalid(e.to_string()))?;
    for memory in module.memories.iter_mut() {
        memory.maximum = Some(MAX_PAGES_RUN);
    }
    let left = module
        .globals
        .add_local(ValType::I64, true, false, ConstExpr::Value(Value::I64(0)));
    module.exports.add(GAS_LEFT, left);
    let originals: Vec<FunctionId> = module.funcs.iter_local().map(|(id, _)| id).collect();
    let grow = grow_meter(&mut module, left);
    for id in originals {
        meter_function(module.funcs.get_mut(id).kind.unwrap_local_mut(), left, grow);
    }
    Ok(module.emit_wasm())
}

/// The instruction sequences of a function.
#[derive(Default)]
struct Sequences {
    all: Vec<InstrSeqId>,
    loops: Vec<InstrSeqId>,
}

impl<'f> Visitor<'f> for Sequences {
    fn start_instr_seq(&mut self, sequence: &'f InstrSeq) {
        self.all.push(sequence.id());
    }

    fn visit_loop(&mut self, instruction: &Loop) {
        self.loops.push(instruction.seq);
    }
}

fn meter_function(function: &mut LocalFunction, left: GlobalId, grow: FunctionId) {
    let mut sequences = Sequences::default();
    dfs_in_order(&mut sequences, function, function.entry_block());
    sequences.loops.push(function.entry_block());
    for id in sequences.all {
        let compared = sequences.loops.contains(&id);
        let length = function.block(id).instrs.len();
        if length == 0 && !compared {
            continue;
        }
        let mut head = charge(function, left, length as u64 * gas::INSTRUCTION, compared);
        let body = function.block_mut(id);
        for (instruction, location) in body.instrs.drain(..) {
            if matches!(instruction, Instr::MemoryGrow(_)) {
                let call = walrus::ir::Call { func: grow };
                head.push((call.into(), Default::default()));
            }
            head.push((instruction, location));
        }
        body.instrs = head;
    }
}

/// `left -= cost`, and `if left < 0 { trap }` if `compared`.
fn charge(
    function: &mut LocalFunction,
    left: GlobalId,
    cost: u64,
    compared: bool,
) -> Vec<(Instr, walrus::ir::InstrLocId)> {
    let builder = function.builder_mut();
    let mut sequence = builder.dangling_instr_seq(None);
    sequence
        .global_get(left)
        .i64_const(cost as i64)
        .binop(BinaryOp::I64Sub)
        .global_set(left);
    if compared {
        sequence
            .global_get(left)
            .i64_const(0)
            .binop(BinaryOp::I64LtS)
            .if_else(
                None,
                |then| {
                    then.unreachable();
                },
                |_| {},
            );
    }
    std::mem::take(sequence.instrs_mut())
}

/// A function that charges for the pages on the stack and leaves them there.
fn grow_meter(module: &mut Module, left: GlobalId) -> FunctionId {
    let pages = module.locals.add(ValType::I32);
    let mut function = FunctionBuilder::new(&mut module.types, &[ValType::I32], &[ValType::I32]);
    function
        .func_body()
        .global_get(left)
        .local_get(pages)
        .unop(UnaryOp::I64ExtendUI32)
        .i64_const(gas::MEMORY_PAGE as i64)
        .binop(BinaryOp::I64Mul)
        .binop(BinaryOp::I64Sub)
        .global_set(left)
        .global_get(left)
        .i64_const(0)
        .binop(BinaryOp::I64LtS)
        .if_else(
            None,
            |then| {
                then.unreachable();
            },
            |_| {},
        )
        .local_get(pages);
    function.finish(vec![pages], &mut module.funcs)
}
