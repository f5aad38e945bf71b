"""W&B offline runs: directories and `.wandb` files, read without the SDK, an account or the network.

    framing   blocks and chunks → payloads        columns, history   history records → rows
    wire      protobuf's fields                   table              rows → series
    record    the other records                   run                one file
    naming    how names look                      fragments          directories, resumed runs → RunData

Neither `wandb` nor protobuf may be imported.
"""

from action.sources.wandb_log.fragments import read, recognises

__all__ = ["read", "recognises"]
