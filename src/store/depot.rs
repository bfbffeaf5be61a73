//! [`Depot`]: where sealed pictures lie, in a folder or in the buckets of a service that speaks S3.
//! One object for each, `BOOK/CASE/NUMBER`; it holds nothing that can be read without its case's key.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use tokio::time::timeout;

use crate::id::CaseId;
use crate::limits;

/// How long one object may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where sealed pictures lie. Clones lead to the same place.
#[derive(Clone, Debug)]
pub struct Depot(Arc<dyn ObjectStore>);

/// Why the place cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DepotError {
    /// The folder cannot be made.
    #[error("the folder {folder} cannot be made")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The place refuses.
    #[error("the place of sealed pictures refuses: {0}")]
    Refused(#[from] Error),
    /// It does not answer.
    #[error("the place of sealed pictures does not answer")]
    Silent,
    /// There is no such picture.
    #[error("the picture is not in its place")]
    Missing,
    /// What lies there is larger than any picture.
    #[error("what lies in the picture's place is larger than any picture")]
    Large,
}

impl Depot {
    /// A folder, made where it is not there; only its owner may look into it.
    ///
    /// # Errors
    /// It cannot be made or used.
    pub fn folder(folder: &FilePath) -> Result<Self, DepotError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| DepotError::Folder {
                folder: folder.to_owned(),
                source,
            })?;
        let files = LocalFileSystem::new_with_prefix(folder)?
            .with_automatic_cleanup(true)
            .with_fsync(true);
        Ok(Self(Arc::new(files)))
    }

    /// A bucket by its URL, as `s3://bucket/prefix`. Who may use it, and where it is, stands in the
    /// variables that every S3 client reads: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    /// `AWS_REGION`, `AWS_ENDPOINT`, `AWS_ALLOW_HTTP`.
    ///
    /// # Errors
    /// The URL is none, or what is needed is not there.
    pub fn bucket(url: &str) -> Result<Self, DepotError> {
        let (bucket, prefix) = split_url(url);
        let service = AmazonS3Builder::from_env().with_url(bucket).build()?;
        let prefix = Path::parse(prefix).map_err(Error::from)?;
        Ok(Self(Arc::new(PrefixStore::new(service, prefix))))
    }

    /// The part of it that belongs to one file of cases.
    pub(super) fn part(&self, book: &str) -> Self {
        let whole = Arc::clone(&self.0);
        Self(Arc::new(PrefixStore::new(whole, Path::from(book))))
    }

    /// Puts a picture into its place; it is there when this returns.
    pub(super) async fn put(
        &self,
        case: CaseId,
        n: u32,
        sealed: Vec<u8>,
    ) -> Result<(), DepotError> {
        let place = place(case, n);
        let putting = self.0.put(&place, sealed.into());
        timeout(PATIENCE, putting)
            .await
            .map_err(|_| DepotError::Silent)??;
        Ok(())
    }

    /// Takes a picture out.
    pub(super) async fn get(&self, case: CaseId, n: u32) -> Result<Vec<u8>, DepotError> {
        let getting = async {
            let found = self
                .0
                .get(&place(case, n))
                .await
                .map_err(|error| match error {
                    Error::NotFound { .. } => DepotError::Missing,
                    error => DepotError::Refused(error),
                })?;
            if found.meta.size > limits::SEALED_BYTES {
                return Err(DepotError::Large);
            }
            Ok(found.bytes().await?.to_vec())
        };
        timeout(PATIENCE, getting)
            .await
            .map_err(|_| DepotError::Silent)?
    }

    /// Takes away whatever lies in the places of a case.
    pub(super) async fn clear(&self, case: CaseId) -> Result<(), DepotError> {
        let places = Path::from(case.0.to_string());
        let clearing = async {
            let found: Vec<_> = self.0.list(Some(&places)).try_collect().await?;
            for object in found {
                match self.0.delete(&object.location).await {
                    Ok(()) | Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(DepotError::Refused(error)),
                }
            }
            Ok(())
        };
        timeout(PATIENCE, clearing)
            .await
            .map_err(|_| DepotError::Silent)?
    }

    /// The cases that have a place here.
    pub(super) async fn cases(&self) -> Result<Vec<CaseId>, DepotError> {
        let listing = self.0.list_with_delimiter(None);
        let listed = timeout(PATIENCE, listing)
            .await
            .map_err(|_| DepotError::Silent)??;
        let names = listed.common_prefixes.iter();
        // What else lies there is somebody else's.
        let case = |name: &Path| name.filename()?.parse().ok().map(CaseId);
        Ok(names.filter_map(case).collect())
    }
}

fn place(case: CaseId, n: u32) -> Path {
    Path::from_iter([case.0.to_string(), n.to_string()])
}

/// A URL without what stands after the bucket's name, and that.
fn split_url(url: &str) -> (&str, &str) {
    let name = url.find("://").map_or(0, |at| at + 3);
    let slash = url
        .char_indices()
        .find(|(at, letter)| *at >= name && *letter == '/');
    let (bucket, prefix) = slash.map_or((url, ""), |(at, _)| url.split_at(at));
    (bucket, prefix.trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_after_the_bucket_is_where_in_it() {
        assert_eq!(split_url("s3://faces/a/b/"), ("s3://faces", "a/b"));
        assert_eq!(split_url("s3://faces"), ("s3://faces", ""));
    }

    #[test]
    fn a_place_names_the_case_and_the_picture() {
        assert_eq!(place(CaseId(7), 2).as_ref(), "7/2");
    }
}
