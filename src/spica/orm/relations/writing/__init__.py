"""Writing through relations: `post.related("tags").add(tag)`; one file for each place where the keys are."""
