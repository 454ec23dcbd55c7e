"""The paper's equations as pure functions: similarity of Gram matrices, pyramid, fusion."""
