"""What W&B is asked of artifacts, in GraphQL. Fields are those that the public client asks for itself (wandb 0.31).

No connection and no answer may enter.
"""

from __future__ import annotations

_FIELDS = """
      id versionIndex state digest
      artifactType { name }
      artifactSequence { name project { name entity { name } } }"""

MEMBERSHIP = f"""
query ArtifactMembershipByName($entity: String!, $project: String!, $name: String!) {{
  project(name: $project, entityName: $entity) {{
    artifactCollectionMembership(name: $name) {{
      artifact {{{_FIELDS} }}
    }}
  }}
}}"""
"""The version of a collection that a version's number or an alias names."""

ARTIFACT = f"query ArtifactByID($id: ID!) {{ artifact(id: $id) {{{_FIELDS} metadata }} }}"
"""A version by what W&B knows it by."""

CREATED_BY = """
query ArtifactCreatedBy($id: ID!) {
  artifact(id: $id) { createdBy { __typename ... on Run { name project { name entity { name } } } } }
}"""
"""The run that logged a version."""

MANIFEST = """
query FetchArtifactManifest($id: ID!) {
  artifact(id: $id) { currentManifest { file { directUrl } } }
}"""
"""Where the list of a version's files lies."""

LINKED = """
query FetchLinkedArtifacts($artifactID: ID!) {
  artifact(id: $artifactID) {
    artifactMemberships {
      edges { node { aliases { alias } artifactCollection { name project { name entity { name } } } } }
    }
  }
}"""
"""The collections that a version is in, with its aliases there."""

COLLECTION = """
query ProjectArtifactCollection($entity: String!, $project: String!, $type: String!, $name: String!) {
  project(entityName: $entity, name: $project) {
    artifactType(name: $type) { artifactCollection(name: $name) { __typename id name } }
  }
}"""
"""What W&B knows a collection by."""

ORGANISATION = """
query FetchOrgInfoFromEntity($entity: String!) {
  entity(name: $entity) {
    organization { name orgEntity { name } }
    user { organizations { name orgEntity { name } } }
  }
}"""
"""The organisations that an entity belongs to, whose registries it may link to."""

ADD = "mutation AddAliases($input: AddAliasesInput!) { result: addAliases(input: $input) { success } }"
"""Gives aliases to a version; each is taken from the one of the collection that had it."""

DELETE = "mutation DeleteAliases($input: DeleteAliasesInput!) { result: deleteAliases(input: $input) { success } }"
"""Takes aliases from a version."""

LINK = "mutation LinkArtifact($input: LinkArtifactInput!) { result: linkArtifact(input: $input) { versionIndex } }"
"""Puts a version into another collection, with aliases there."""

UNLINK = "mutation UnlinkArtifact($input: UnlinkArtifactInput!) { result: unlinkArtifact(input: $input) { success } }"
"""Takes a version out of another collection."""

UPDATE = """
mutation UpdateArtifact($input: UpdateArtifactInput!) {
  result: updateArtifact(input: $input) { artifact { id } }
}"""
"""Writes the metadata of a version, all of them."""
