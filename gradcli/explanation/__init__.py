"""What a run does, step by step: values forward, derivatives back, and where each number goes."""

from gradcli.explanation.steps import (
    Contribution,
    ExplainedOutput,
    Explanation,
    ForwardStep,
    Passage,
)

__all__ = ["Contribution", "ExplainedOutput", "Explanation", "ForwardStep", "Passage"]
