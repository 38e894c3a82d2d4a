import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;

/// Gives the classes of a jar that were compiled for a Java before 6 (picocli: for 5) the form of today, with stack maps. The AOT cache
/// takes no older ones, and each start of the command line would load and verify them anew.
///
///     java -cp ORIGINAL packaging/Modernise.java JAR
void main(String[] args) throws IOException {
  Path jar = Path.of(args[0]);
  FileTime written = Files.getLastModifiedTime(jar);
  ClassFile today = ClassFile.of(ClassFile.StackMapsOption.GENERATE_STACK_MAPS);
  try (FileSystem zip = FileSystems.newFileSystem(jar);
      Stream<Path> files = Files.walk(zip.getPath("/"))) {
    List<Path> classes = files.filter(file -> file.toString().endsWith(".class")).toList();
    for (Path file : classes) {
      ClassModel old = today.parse(Files.readAllBytes(file));
      if (old.majorVersion() < ClassFile.JAVA_6_VERSION) {
        Files.write(
            file,
            today.transformClass(
                old,
                ClassTransform.transformingMethodBodies(CodeBuilder::with)
                    .andThen(
                        ClassTransform.endHandler(
                            builder -> builder.withVersion(ClassFile.JAVA_25_VERSION, 0)))));
      }
    }
  }
  Files.setLastModifiedTime(jar, written);
}
