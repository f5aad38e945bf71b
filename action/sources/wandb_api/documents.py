"""What W&B is asked, in GraphQL. Fields are those that the public client asks for itself (wandb 0.31).

No connection and no answer may enter.
"""

from __future__ import annotations

RUN = """
query Run($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) {
      name displayName state commit group jobType sweepName tags notes createdAt heartbeatAt historyLineCount
      config summaryMetrics historyKeys
    }
  }
}"""
"""Everything about one run but its history."""

RUNS = """
query Runs($entity: String!, $project: String!, $filters: JSONString, $order: String, $perPage: Int, $cursor: String) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, order: $order, first: $perPage, after: $cursor) {
      edges { node { name displayName state commit group sweepName tags createdAt heartbeatAt } cursor }
      pageInfo { endCursor hasNextPage }
    }
  }
}"""
"""Runs of a project that fit a filter, a page at a time."""

PARQUET = """
query RunParquetHistory($entity: String!, $project: String!, $runName: String!, $liveKeys: [String!]!) {
  project(name: $project, entityName: $entity) {
    run(name: $runName) { parquetHistory(liveKeys: $liveKeys) { parquetUrls liveData } }
  }
}"""
"""Where the exported history lies, and the steps of the rows that are not exported yet."""

PAGE = """
query HistoryPage(
  $entity: String!, $project: String!, $run: String!, $minStep: Int64!, $maxStep: Int64!, $pageSize: Int!
) {
  project(name: $project, entityName: $entity) {
    run(name: $run) { history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) }
  }
}"""
"""Whole rows of the history, from a step up to and without another: never a sample."""

ARTIFACTS = """
query RunOutputArtifacts($entity: String!, $project: String!, $run: String!, $cursor: String, $perPage: Int) {
  project(entityName: $entity, name: $project) {
    run(name: $run) {
      artifacts: outputArtifacts(after: $cursor, first: $perPage) {
        pageInfo { endCursor hasNextPage }
        edges {
          node {
            digest versionIndex state createdAt historyStep metadata
            artifactType { name }
            artifactSequence { name project { name entity { name } } }
            aliases { alias }
          }
        }
      }
    }
  }
}"""
"""What a run logged as artifacts."""

FILES = """
query RunFiles($entity: String!, $project: String!, $name: String!, $fileNames: [String]) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { files(names: $fileNames, first: 1) { edges { node { name url directUrl sizeBytes } } } }
  }
}"""
"""Where a file of a run lies."""

VIEWER = "query Viewer { viewer { id entity username } }"
"""Who the key belongs to."""
