"""The frozen records that library, command line and screen speak in: numbers and names, never tensors."""

from prunekit.records.checkpoint import Fit, Reshaped
from prunekit.records.comparison import Change, Comparison, Flip, Shift, Thumbnail
from prunekit.records.conditions import Conditions
from prunekit.records.export import Check, ExportedFile, Verdict
from prunekit.records.history import Node, Run, TaskKey
from prunekit.records.html import table as html_table
from prunekit.records.latency import Latency, Speed, Timing
from prunekit.records.modes import Kind, Mode, Status
from prunekit.records.plan import Candidate, Draft, Outline, Trial
from prunekit.records.proof import EXACT, Exactness, Proof
from prunekit.records.reading import Evaluation, Reading
from prunekit.records.recovery import Epoch, Fitted
from prunekit.records.removal import Removal
from prunekit.records.scan import Loss, Point, Rank
from prunekit.records.structure import Block, Cost, Group, Layer, Member
from prunekit.records.training import Training
from prunekit.records.weights import Activation, Agreement, Histogram, Kernels, LayerWeights, Leaving, UnitScores

__all__ = [
    "EXACT",
    "Activation",
    "Agreement",
    "Block",
    "Candidate",
    "Change",
    "Check",
    "Comparison",
    "Conditions",
    "Cost",
    "Draft",
    "Epoch",
    "Evaluation",
    "Exactness",
    "ExportedFile",
    "Fit",
    "Fitted",
    "Flip",
    "Group",
    "Histogram",
    "Kernels",
    "Kind",
    "Latency",
    "Layer",
    "LayerWeights",
    "Leaving",
    "Loss",
    "Member",
    "Mode",
    "Node",
    "Outline",
    "Point",
    "Proof",
    "Rank",
    "Reading",
    "Removal",
    "Reshaped",
    "Run",
    "Shift",
    "Speed",
    "Status",
    "TaskKey",
    "Thumbnail",
    "Timing",
    "Training",
    "Trial",
    "UnitScores",
    "Verdict",
    "html_table",
]
